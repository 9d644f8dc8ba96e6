import { HardshellError } from '../../contracts/index.ts';
import type { AttackResult } from '../../host/index.ts';

/** One datagram to this machine, sent by a program that runs as `uid`. */
export type Attack = (uid: number) => Promise<AttackResult>;

/**
 * Whether the rules of the firewall are in force, found out by attack: a program of each muted uid tries to send, and
 * must not; root tries the same and must succeed, or the trial says nothing. Needs no right to read the rules.
 * Throws `isolation_failed`.
 */
export async function requireFirewall(muted: readonly number[], attack: Attack): Promise<void> {
  const [twin, ...tried] = await Promise.all([0, ...muted].map(async (uid) => ({ uid, result: await attack(uid) })));
  if (twin?.result !== 'passed')
    throw refuse('whether the firewall holds cannot be told: nothing can be sent here at all; look at the loopback');
  const open = tried.filter(({ result }) => result !== 'refused').map(({ uid }) => uid);
  if (open.length > 0)
    throw refuse(
      `the rules of the firewall are gone or changed (uid ${open.join(', ')} may send); run \`systemctl restart hardshell-firewall\`, or \`hardshell install\` again`,
    );
}

function refuse(message: string): HardshellError {
  return new HardshellError('isolation_failed', message, { fate: 'refuse' });
}
