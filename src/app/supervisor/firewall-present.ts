import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { HardshellError } from '../../contracts/index.ts';

/** One try to reach a listener of ours, by a program that runs as `uid`; null: as ourselves. */
export type TryToConnect = (port: number, uid: number | null) => Promise<boolean>;

const ANSWER_MS_MAX = 5_000;

/**
 * Whether the rules of the firewall are in force, found out by attack: a program of each muted uid tries to reach this
 * very machine, and must not; we try the same and must succeed, or the trial says nothing. Throws `isolation_failed`.
 */
export async function requireFirewall(muted: readonly number[], tryToConnect: TryToConnect): Promise<void> {
  const server = createServer((socket) => socket.destroy());
  const port = await listen(server);
  try {
    if (!(await tryToConnect(port, null)))
      throw refuse('whether the firewall holds cannot be told: this machine cannot reach itself; look at its loopback');
    const tried = await Promise.all(muted.map(async (uid) => ({ uid, reached: await tryToConnect(port, uid) })));
    const open = tried.filter(({ reached }) => reached).map(({ uid }) => uid);
    if (open.length > 0)
      throw refuse(
        `the firewall's rules are gone (uid ${open.join(', ')} can reach the network); run \`systemctl restart hardshell-firewall\` and look at what removed them`,
      );
  } finally {
    server.close();
  }
}

/** Says one word when it is connected. It is started as a stranger: nothing of our environment goes with it. */
const PROGRAM = `require('net').connect(+process.argv[1], '127.0.0.1')
  .on('connect', () => process.stdout.write('reached', () => process.exit(0)))
  .on('error', () => process.stdout.write('refused', () => process.exit(0)))`;

export function connectAs(node: string): TryToConnect {
  return (port, uid) =>
    new Promise((resolve, reject) => {
      const child = spawn(node, ['-e', PROGRAM, String(port)], {
        ...(uid === null ? {} : { uid, gid: uid }),
        cwd: '/',
        env: {},
        stdio: ['ignore', 'pipe', 'ignore'],
        timeout: ANSWER_MS_MAX,
        killSignal: 'SIGKILL',
      });
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => (said = (said + chunk.toString('latin1')).slice(0, 16)));
      child.on('error', (cause) => reject(refuse('the firewall could not be tried', cause)));
      child.on('close', () => {
        // Silence is a packet that was dropped; any other end of the program proves nothing.
        if (said === 'reached' || said === 'refused') resolve(said === 'reached');
        else if (child.signalCode === 'SIGKILL') resolve(false);
        else reject(refuse('the firewall could not be tried; run `hardshell doctor`'));
      });
    });
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

function refuse(message: string, cause?: unknown): HardshellError {
  return new HardshellError('isolation_failed', message, { fate: 'refuse', cause });
}
