import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..', '..');

export const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('NOT PROVEN HERE: what only root can do (accounts, owners, rules, an installed instance)');

/** Folders of the system that an installation writes: in a world they are copies that nobody else sees. */
const COPIED = ['usr/lib', 'usr/local'];

const SET_UP = `set -e
mount -t tmpfs -o mode=755 tmpfs /mnt
# Other programs of the machine go on writing below /etc and /var/lib: a copy of the small one, nothing of the large one.
mkdir -p /mnt/etc /mnt/lib
cp -a /etc/. /mnt/etc
mount --bind /mnt/etc /etc
mount --bind /mnt/lib /var/lib
for d in ${COPIED.join(' ')}; do
  mkdir -p /mnt/up/$d /mnt/work/$d
  mount -t overlay overlay -o lowerdir=/$d,upperdir=/mnt/up/$d,workdir=/mnt/work/$d /$d
done
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /tmp
ip link set lo up
echo ready
exec sleep 900`;

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/**
 * The machine we are on with its own copy of every folder an installation touches, its own network and its own /tmp.
 * What is done in it is real (accounts, owners, rules), and gone when it is closed.
 */
export class World {
  readonly #holder: ChildProcess;
  readonly #started: ChildProcess[] = [];

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async open(): Promise<World> {
    // Processes of its own too: the tools for accounts refuse to remove one that some process uses.
    const walls = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'];
    const holder = spawn('unshare', [...walls, 'sh', '-c', SET_UP], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    await new Promise<void>((resolve, reject) => {
      holder.stdout.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('ready')) resolve();
      });
      holder.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      holder.once('close', () => reject(new Error(`no world could be made: ${said}`)));
    });
    return new World(holder);
  }

  /** Runs a command in the world to its end. */
  run(argv: readonly string[], input = '', env: Readonly<Record<string, string>> = {}): Ran {
    const [command = '', ...args] = this.#inside(argv);
    const done = spawnSync(command, args, { cwd: ROOT, input, encoding: 'utf8', env: { ...process.env, ...env } });
    return { code: done.status ?? -1, out: done.stdout, err: done.stderr };
  }

  sh(script: string): Ran {
    return this.run(['sh', '-c', script]);
  }

  /** Starts a command that goes on; ended with the world at the latest. */
  start(argv: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const [command = '', ...args] = this.#inside(argv);
    const child = spawn(command, args, {
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.#started.push(child);
    return child;
  }

  /** Every entry below these folders, one a line: path, kind, mode, owner, target of a link, digest. */
  list(folders: readonly string[], without: readonly string[] = []): string[] {
    const prune = without.flatMap((path) => ['-path', path, '-prune', '-o']);
    const shown = this.run(['find', ...folders, ...prune, '-printf', '%p|%y|%#m|%U:%G|%l\n']);
    const sums = this.run(['find', ...folders, ...prune, '-type', 'f', '-exec', 'sha256sum', '{}', '+']);
    return [...shown.out.split('\n'), ...sums.out.split('\n')].filter(Boolean).sort();
  }

  close(): void {
    for (const child of this.#started) child.kill('SIGKILL');
    this.#holder.kill('SIGKILL');
  }

  #inside(argv: readonly string[]): string[] {
    const { pid = 0 } = this.#holder;
    const [inside = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ');
    return ['nsenter', '--target', inside, '--mount', '--net', '--pid', '--', ...argv];
  }
}
