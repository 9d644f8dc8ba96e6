import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PresenceProof } from '../../src/contracts/index.ts';
import { claimOf, verifyPresence } from '../../src/control/index.ts';
import { againstControl, cli, control, oneApproval } from './support/against-control.ts';
import { challenge, ID, SESSION } from './support/answers.ts';
import { ScriptedControl } from './support/scripted-control.ts';

againstControl(oneApproval);

const answer = (): unknown => control.requests.find((request) => request.type === 'approvals_answer');

describe('once a passphrase is enrolled', () => {
  const PASSPHRASE = 'correct horse battery';
  const PROVEN = { ok: true, value: 'passphrase' };
  let publicKey = '';
  const verdict = (request: { type: string; presence: PresenceProof }, terminalAllowed = false): unknown => {
    const { nonce, expires_at } = challenge();
    return verifyPresence(request.presence, claimOf(request), {
      publicKey,
      terminalAllowed,
      nonce: { nonce, expiresAt: expires_at },
    });
  };

  beforeAll(async () => {
    const enrolling = await ScriptedControl.listen(cli.paths.controlSocket);
    enrolling.handlers = {
      presence_challenge: () => challenge('terminal'),
      presence_enrol: ({ public_key }) => {
        publicKey = public_key;
        return { type: 'presence_enrol', presence: 'passphrase' };
      },
    };
    const ran = await cli.runAtTerminal(
      ['approvals', 'enrol'],
      [
        [/new passphrase: $/, 'short'],
        [/at least 10 characters[\s\S]*new passphrase: $/, PASSPHRASE],
        [/once more: $/, 'other words here'],
        [/two different ones[\s\S]*new passphrase: $/, PASSPHRASE],
        [/once more: $/, PASSPHRASE],
        [/\[y\/N\] $/, 'yes'],
      ],
    );
    await enrolling.close();
    expect([ran.code, enrolling.problems]).toEqual([0, []]);
    expect(ran.stdout).not.toContain('horse');
  });

  beforeEach(() => {
    control.handlers.presence_challenge = () => challenge('passphrase');
  });

  it('the key lies in one closed file', () => {
    const keys = join(cli.paths.home, 'keys');
    expect(readdirSync(keys)).toEqual(['presence.json']);
    expect(statSync(join(keys, 'presence.json')).mode & 0o777).toBe(0o400);
  });

  it('approving signs the hash that was shown', async () => {
    const { code, stdout } = await cli.runAtTerminal(
      ['approvals', 'approve', ID],
      [
        [/\[y\/N\] $/, 'y'],
        [/passphrase: $/, PASSPHRASE],
      ],
    );
    expect(code).toBe(0);
    expect(stdout).not.toContain('horse');
    expect(verdict(answer() as { type: string; presence: PresenceProof })).toEqual({ ok: true, value: 'passphrase' });
  });

  it('--yes is refused, a wrong passphrase signs nothing, the right one on a descriptor does', async () => {
    expect((await cli.run(['approvals', 'approve', ID, '--yes'])).stderr).toContain('`--yes` is not enough');
    expect(
      (await cli.run(['approvals', 'approve', ID, '--passphrase-fd', '3'], { fds: ['wrong horse battery\n'] })).stderr,
    ).toContain('does not open the key');
    expect((await cli.run(['approvals', 'approve', ID, '--passphrase-fd', '9'])).stderr).toContain(
      'descriptor 9 cannot be read',
    );
    expect(answer()).toBeUndefined();
    expect(
      await cli.run(['approvals', 'approve', ID, '--passphrase-fd', '3'], { fds: [`${PASSPHRASE}\n`] }),
    ).toMatchObject({ code: 0 });
    expect(verdict(answer() as { type: string; presence: PresenceProof })).toMatchObject({ ok: true });
  });

  it('a conversation asks for it once', async () => {
    control.handlers.instruct = () => ({ type: 'instruct', session: SESSION });
    control.handlers.instruct_status = () => ({
      type: 'instruct_status',
      state: 'answered',
      answer: 'ok',
      approvals: [],
    });
    const lines = [
      [/you> $/, 'one'],
      [/passphrase: $/, PASSPHRASE],
      [/you> $/, 'two'],
      [/you> $/, ''],
    ] as const;
    expect(await cli.runAtTerminal(['chat'], lines)).toMatchObject({ code: 0 });
    const said = control.requests.filter((request) => request.type === 'instruct');
    expect(said.map((request) => [request.text, verdict(request)])).toEqual([
      ['one', PROVEN],
      ['two', PROVEN],
    ]);
  });

  it('a new passphrase that the executor refuses leaves the old one in place', async () => {
    control.handlers.presence_enrol = () => ({ type: 'error', error: 'token_invalid', message: 'no' });
    const enrol = ['approvals', 'enrol', '--passphrase-fd', '3', '--new-passphrase-fd', '4'];
    expect(await cli.run(enrol, { fds: [PASSPHRASE, 'another long passphrase'] })).toMatchObject({ code: 1 });
    expect(readdirSync(join(cli.paths.home, 'keys'))).toEqual(['presence.json']);
    control.handlers.presence_enrol = () => ({ type: 'presence_enrol', presence: 'passphrase' });
    expect(await cli.run(enrol, { fds: [PASSPHRASE, 'another long passphrase'] })).toMatchObject({ code: 0 });
    expect(existsSync(join(cli.paths.home, 'keys', 'presence.json'))).toBe(true);
    expect(
      (await cli.run(['approvals', 'approve', ID, '--passphrase-fd', '3'], { fds: [PASSPHRASE] })).stderr,
    ).toContain('does not open the key');
  });
});
