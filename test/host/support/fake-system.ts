import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT as ROOT_OWNER, type Plan } from '../../../src/host/install/plan.ts';
import { planLinux } from '../../../src/host/install/linux.ts';
import { findSources, type Sources } from '../../../src/host/install/sources.ts';

const FOLDERS = ['etc/systemd/system', 'etc/tmpfiles.d', 'usr/lib', 'usr/local/bin', 'var/lib', 'home'];
const ACCOUNTS = {
  passwd: 'root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000:Ann:/home/ann:/bin/sh\n',
  group: 'root:x:0:\nsudo:x:27:ann\nann:x:1000:\n',
  shadow: 'root:*:20000:0:99999:7:::\nann:!:20000:0:99999:7:::\n',
  gshadow: 'root:*::\nsudo:*::ann\nann:!::\n',
};

/** A folder that holds the bones of a system, as image builders have one. */
export class FakeSystem {
  // In memory where that is possible: a test makes hundreds, and every step is on stable storage before the next.
  readonly base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'hs-image-'));
  readonly root = join(this.base, 'root');

  constructor() {
    for (const folder of FOLDERS) mkdirSync(join(this.root, folder), { recursive: true });
    for (const [name, text] of Object.entries(ACCOUNTS)) writeFileSync(join(this.root, 'etc', name), text);
    chmodSync(join(this.root, 'etc/shadow'), 0o640);
    writeFileSync(join(this.root, 'etc/login.defs'), readFileSync('/etc/login.defs'));
  }

  /** Every entry: path, kind, mode, owner, target of a link, and the bytes of files. */
  list(): string[] {
    // Copies and locks that the system's own tools for accounts leave are theirs.
    const theirs = ['passwd-', 'group-', 'shadow-', 'gshadow-', 'subuid-', 'subgid-', '.pwd.lock'];
    const without = theirs.flatMap((name) => ['!', '-path', join(this.root, 'etc', name)]);
    const shown = spawnSync('find', [this.root, ...without, '-printf', '%P|%y|%#m|%U:%G|%l\n'], { encoding: 'utf8' });
    const sums = spawnSync('find', [this.root, '-type', 'f', ...without, '-exec', 'sha256sum', '{}', '+'], {
      encoding: 'utf8',
    });
    return [...shown.stdout.split('\n'), ...sums.stdout.split('\n')].filter(Boolean).sort();
  }

  path(path: string): string {
    return join(this.root, path);
  }

  close(): void {
    rmSync(this.base, { recursive: true, force: true });
  }
}

/** A checkout with everything small: a file in Node's place, one program, one policy. */
export function tinyCheckout(base: string, mark = 'one'): { checkout: string; node: string } {
  const checkout = join(base, `checkout-${mark}`);
  for (const folder of ['dist/supervisor', 'policies', 'templates'])
    mkdirSync(join(checkout, folder), { recursive: true });
  writeFileSync(join(checkout, 'dist/supervisor/main.mjs'), `// ${mark}\n`);
  writeFileSync(join(checkout, 'policies/default.cedar'), '// policy\n');
  writeFileSync(join(checkout, 'templates/a.txt'), 'a\n');
  writeFileSync(join(checkout, 'LICENSE'), 'licence\n');
  writeFileSync(join(checkout, 'package.json'), '{ "version": "9.9.9" }\n');
  const node = join(checkout, 'node');
  writeFileSync(node, `node ${mark}\n`);
  return { checkout, node };
}

export function tinySources(base: string, mark?: string): Sources {
  const { checkout, node } = tinyCheckout(base, mark);
  return findSources(checkout, node);
}

export function tinyPlan(sources: Sources, choices = { ollama: false, oneAccount: false }): Plan {
  return planLinux({ sources, choices, resolvers: ['192.0.2.53'], models: ['tiny:1b'], nft: '/usr/sbin/nft' });
}

/** One step of each kind, around files that were there before: small enough to be killed at every point. */
export function mixedPlan(sources: Sources): Plan {
  const { steps } = tinyPlan(sources);
  const wanted = new Set([
    'group:hardshell',
    'user:hardshell',
    'directory:/var/lib/hardshell',
    'link:command',
    'directory:/etc/systemd/system/multi-user.target.wants',
  ]);
  const units = steps.filter(({ id }) => wanted.has(id) || id.includes('hardshell-firewall.service'));
  const extra: Plan['steps'] = [
    {
      ...{ kind: 'directory', id: 'directory:/usr/lib/hardshell', what: '', path: '/usr/lib/hardshell' },
      ...{ mode: 0o755, owner: ROOT_OWNER, holds: 'ours' },
    },
    {
      ...{ kind: 'directory', id: 'directory:/home/shared', what: '', path: '/home/narrowed', mode: 0o700 },
      ...{ owner: ROOT_OWNER, holds: 'ours' },
    },
    {
      ...{ kind: 'file', id: 'file:/etc/replaced', what: '', path: '/etc/replaced', mode: 0o600, owner: ROOT_OWNER },
      content: { kind: 'text', text: 'ours\n' },
    },
    {
      ...{ kind: 'file', id: 'file:new', what: '', path: '/usr/lib/hardshell/new', mode: 0o644, owner: ROOT_OWNER },
      content: { kind: 'text', text: 'new\n' },
    },
  ];
  return {
    ...tinyPlan(sources),
    steps: [...units.filter(({ kind }) => kind !== 'unit'), ...extra, ...units.filter(({ kind }) => kind === 'unit')],
  };
}
