import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createSideLog, hasSideLog, openSideLog } from '../../audit/index.ts';
import { readEpochs } from '../../control/index.ts';
import { openHome, ownerOfHome, readArmed, rearm } from '../../state/index.ts';
import { findRemaining } from './kill-levers.ts';
import { pathsOf, type CommandIo } from './supervisor-client.ts';

/** Proof that a person is at the machine. Part of `control`; a uid or a terminal alone is none once one is enrolled. */
export type ProvePresence = (
  purpose: 'revive',
) => Promise<
  | { readonly ok: true; readonly method: 'terminal' | 'passphrase' | 'passkey' }
  | { readonly ok: false; readonly reason: string }
>;

/** `hardshell revive`: after a stop, and with a person there, a new epoch in which `up` may run. Starts nothing. */
export async function revive(
  command: { readonly json: boolean; readonly provePresence: ProvePresence },
  io: CommandIo,
): Promise<number> {
  const paths = pathsOf(io.env);
  const refuse = (sentence: string): number => {
    io.err(`hardshell: ${sentence}`);
    return 1;
  };
  if (!existsSync(paths.home)) return refuse(`there is no instance in \`${paths.home}\`; \`hardshell up\` makes one`);
  openHome(paths.home, ownerOfHome(paths));
  const audit = join(paths.home, 'audit');
  const epochs = readEpochs(audit, { inMain: true });
  const state = readArmed(paths.home, epochs.killed + 1);
  if (state.kind === 'armed')
    return refuse(`this instance is armed already (epoch ${state.epoch}); \`hardshell up\` starts it`);
  if (findRemaining(paths).length > 0)
    return refuse('processes of this instance still run; run `hardshell kill` first');
  const presence = await command.provePresence('revive');
  if (!presence.ok) return refuse(presence.reason);
  const epoch = Math.max(epochs.seen, epochs.killed) + 1;
  // On the record before it is true: an epoch that only the record of the right to run knows could be used twice.
  const options = { name: 'stop-audit', mode: 'none', wallMs: Date.now } as const;
  const opened = hasSideLog(audit, 'stop-audit')
    ? await openSideLog(audit, options)
    : { kind: 'ok' as const, log: await createSideLog(audit, options) };
  if (opened.kind === 'broken') return refuse(opened.message);
  await opened.log.record({ event: 'revived', zone: 'stop', details: { epoch, method: presence.method } });
  await opened.log.close();
  rearm(paths.home, epoch);
  io.out(
    command.json ? JSON.stringify({ armed: true, epoch }) : `armed again (epoch ${epoch}); \`hardshell up\` starts it`,
  );
  return 0;
}
