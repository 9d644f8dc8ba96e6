/** Operations that a profile of ours may name; anything else is a slip of the pen. */
export const OPERATIONS = [
  'default',
  'file-ioctl',
  'file-map-executable',
  'file-read*',
  'file-read-metadata',
  'file-write*',
  'ipc-posix-shm',
  'mach-lookup',
  'network*',
  'network-bind',
  'network-inbound',
  'network-outbound',
  'process-exec',
  'process-fork',
  'process-info*',
  'signal',
  'sysctl-read',
  'system-socket',
] as const;
export type Operation = (typeof OPERATIONS)[number];

export type Filter =
  | { readonly kind: 'path'; readonly match: 'literal' | 'subpath'; readonly path: string }
  | { readonly kind: 'socket'; readonly side: 'local' | 'remote'; readonly folder: string }
  | { readonly kind: 'domain'; readonly domain: 'AF_UNIX' }
  | { readonly kind: 'target'; readonly target: 'self' | 'same-sandbox' }
  | { readonly kind: 'name'; readonly of: 'sysctl-name' | 'global-name'; readonly name: string };

export interface Rule {
  readonly effect: 'allow' | 'deny';
  readonly operation: Operation;
  readonly filters: readonly Filter[];
}

/** Directories of the executor, as real paths: the kernel compares after links are followed. */
export interface ExecutorPlaces {
  readonly code: string;
  readonly home: string;
  readonly run: string;
}

/** Facts of the machine that Node reads while it starts. */
const SYSCTLS = [
  'hw.activecpu',
  'hw.cachelinesize',
  'hw.logicalcpu',
  'hw.memsize',
  'hw.ncpu',
  'hw.pagesize',
  'kern.argmax',
];
const MORE_SYSCTLS = [
  'kern.hostname',
  'kern.maxfilesperproc',
  'kern.osproductversion',
  'kern.osrelease',
  'kern.ostype',
  'kern.version',
];
const SYSTEM_CODE = ['/usr/lib', '/System/Library', '/private/var/db/dyld'];
const DEVICES = ['/dev/null', '/dev/random', '/dev/urandom'];

/** The executor: its code to read, its home to write, its sockets. No network, no other program, no other home. */
export function executorRules({ code, home, run }: ExecutorPlaces): Rule[] {
  const path = (match: 'literal' | 'subpath', at: string): Filter => ({ kind: 'path', match, path: requireReal(at) });
  const node = `${requireReal(code)}/bin/node`;
  return [
    allow('process-exec', path('literal', node)),
    allow('process-info*', { kind: 'target', target: 'same-sandbox' }),
    allow('signal', { kind: 'target', target: 'self' }),
    allow(
      'sysctl-read',
      ...[...SYSCTLS, ...MORE_SYSCTLS].map((name): Filter => ({ kind: 'name', of: 'sysctl-name', name })),
    ),
    allow('file-map-executable', ...[...SYSTEM_CODE, code].map((at) => path('subpath', at))),
    allow('file-read*', ...[...SYSTEM_CODE, code, home, run].map((at) => path('subpath', at))),
    allow('file-read*', ...DEVICES.map((at) => path('literal', at))),
    allow('file-read-metadata', path('literal', '/'), ...parents([code, home, run]).map((at) => path('literal', at))),
    allow('file-write*', path('subpath', home), path('subpath', run)),
    allow('file-write*', path('literal', '/dev/null')),
    // Its own wall and the programs of others are not the executor's to write; the last match wins.
    deny('file-write*', path('subpath', `${home}/keys`), path('subpath', `${run}/supervisor`)),
    deny('file-read*', path('subpath', `${home}/mail`), path('subpath', `${home}/logs`)),
    deny('network*'),
    allow('system-socket', { kind: 'domain', domain: 'AF_UNIX' }),
    allow('network-bind', { kind: 'socket', side: 'local', folder: requireReal(run) }),
    allow('network-inbound', { kind: 'socket', side: 'local', folder: requireReal(run) }),
    allow('network-outbound', { kind: 'socket', side: 'remote', folder: requireReal(run) }),
  ];
}

/** Everything is denied that no rule allows. */
export function renderProfile(rules: readonly Rule[]): string {
  return ['(version 1)', '(deny default)', ...rules.map(renderRule), ''].join('\n');
}

function renderRule({ effect, operation, filters }: Rule): string {
  return `(${[effect, operation, ...filters.map(renderFilter)].join(' ')})`;
}

function renderFilter(filter: Filter): string {
  switch (filter.kind) {
    case 'path':
      return `(${filter.match} ${quoteText(filter.path)})`;
    case 'socket':
      return `(${filter.side} unix-socket (subpath ${quoteText(filter.folder)}))`;
    case 'domain':
      return `(socket-domain ${filter.domain})`;
    case 'target':
      return `(target ${filter.target})`;
    case 'name':
      return `(${filter.of} ${quoteText(filter.name)})`;
    default:
      return filter satisfies never;
  }
}

/** Text of the profile language: nothing in a path may end it. */
function quoteText(text: string): string {
  if (/[^\x20-\x7e]/.test(text)) throw new TypeError('a path of a profile is plain ASCII');
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** `/var`, `/tmp` and `/etc` are links on macOS, and a rule about a link matches nothing. */
function requireReal(path: string): string {
  if (!path.startsWith('/') || /^\/(?:var|tmp|etc)(?:\/|$)/.test(path) || /\/\.{0,2}(?:\/|$)/.test(path.slice(1)))
    throw new TypeError(`\`${path}\` is no real path; on macOS /var is /private/var`);
  return path;
}

function parents(paths: readonly string[]): string[] {
  const found = new Set<string>();
  for (const path of paths)
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) found.add(path.slice(0, at));
  return [...found].sort();
}

function allow(operation: Operation, ...filters: readonly Filter[]): Rule {
  return { effect: 'allow', operation, filters };
}

function deny(operation: Operation, ...filters: readonly Filter[]): Rule {
  return { effect: 'deny', operation, filters };
}
