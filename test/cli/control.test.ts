import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listenFrames, type FrameConnection, type Listener } from '../../src/bridge/index.ts';
import { openControl, type Control } from '../../src/cli/control.ts';

let dir = '';
let listener: Listener | undefined;
let control: Control;
let answer: object | null = {};

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'hs-control-'));
  const path = join(dir, 'control.sock');
  listener = await listenFrames({
    path,
    mode: 0o600,
    accept: (attach) => {
      const connection: FrameConnection = attach({
        onFrame: ({ id }) => (answer === null ? connection.destroy() : connection.send({ ...answer, id })),
        onClose: () => undefined,
      });
    },
  });
  control = openControl(path);
});
afterEach(async () => {
  control.close();
  await listener?.close();
  rmSync(dir, { recursive: true, force: true });
});

const listContacts = (): Promise<unknown> => control.ask({ type: 'contacts_list' });

describe('an answer on the control socket', () => {
  it('is taken when it is of the contract', async () => {
    answer = { type: 'contacts_list', contacts: [], confirmed: true };
    await expect(listContacts()).resolves.toEqual(answer);
  });

  it.each([
    ['a field too many', { type: 'contacts_list', contacts: [], confirmed: true, extra: 1 }],
    ['a field too few', { type: 'contacts_list', contacts: [] }],
    ['another type', { type: 'status' }],
    ['a lie in a type', { type: 'contacts_list', contacts: [{ address: 1, name: 'x' }], confirmed: true }],
  ])('is refused with %s', async (_, lie) => {
    answer = lie;
    await expect(listContacts()).rejects.toMatchObject({ code: 'version' });
  });

  it('that is a refusal keeps its code and sentence', async () => {
    answer = { type: 'error', error: 'killed', message: 'everything is stopped' };
    await expect(listContacts()).rejects.toMatchObject({
      code: 'killed',
      message: 'everything is stopped',
      exitCode: 1,
    });
  });

  it('that never comes because the executor went is told as such', async () => {
    answer = null;
    await expect(listContacts()).rejects.toMatchObject({ code: 'not_running' });
  });
});

it('says so when nobody listens', async () => {
  const nobody = openControl(join(dir, 'nobody.sock'));
  await expect(nobody.ask({ type: 'status' })).rejects.toMatchObject({ code: 'not_running' });
  nobody.close();
});
