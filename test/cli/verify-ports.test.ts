import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorFrame, serveFrames, type Frame, type Listener } from '../../src/bridge/index.ts';
import { proveZones } from '../../src/cli/commands/verify-ports.ts';
import type { Io } from '../../src/cli/output.ts';
import { instancePaths, type InstancePaths } from '../../src/state/index.ts';

const quiet = { progress: () => undefined } as unknown as Io;
let folder = '';
let paths: InstancePaths;
let listener: Listener | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hs-prove-'));
  paths = { ...instancePaths(join(folder, 'home'), 1_000), supervisorSocket: join(folder, 's.sock') };
});
afterEach(async () => {
  await listener?.close();
  listener = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function answering(answer: object): Promise<Frame[]> {
  const asked: Frame[] = [];
  listener = await serveFrames({
    path: paths.supervisorSocket,
    mode: 0o600,
    handle: async (frame) => {
      asked.push(frame);
      return answer;
    },
  });
  return asked;
}

const zone = { zone: 'zone3-email-reader', attempts: 9, held: 8, seen: 7, open: ['udp'], cannot_tell: [] };

describe('attacks that the supervisor runs', () => {
  it('are all of the list, zone by zone', async () => {
    const zones = [
      zone,
      { ...zone, zone: 'zone2-planner' },
      { ...zone, zone: 'zone3-slack-reader' },
      { ...zone, zone: 'zone1-executor' },
    ];
    const asked = await answering({ type: 'proven', zones, degraded: [] });
    const proofs = await proveZones(paths, quiet);
    expect(asked).toMatchObject([{ type: 'prove', scope: 'full' }]);
    expect(proofs).toMatchObject([
      { zone: 'zone3-email-reader', attempts: 9, held: 8, seen: 7, open: ['udp'], cannotTell: [] },
      { zone: 'zone2-planner' },
      { zone: 'zone3-slack-reader' },
      { zone: 'zone1-executor' },
    ]);
  });

  it('are absent where it knows no such request, and none where nobody answers', async () => {
    expect(await proveZones(paths, quiet)).toEqual([]);
    await answering(errorFrame({ error: 'malformed', message: 'not a request' }));
    expect(await proveZones(paths, quiet)).toBe('absent');
  });

  it('are an error, and no silence, where it could not run them or answers with something else', async () => {
    await answering(errorFrame({ error: 'unavailable', message: 'no uid is free' }));
    await expect(proveZones(paths, quiet)).rejects.toThrow('the attacks could not be run: no uid is free');
    await listener?.close();
    await answering({ type: 'proven', zones: 'all fine' });
    await expect(proveZones(paths, quiet)).rejects.toThrow();
  });
});
