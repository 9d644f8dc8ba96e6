import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildSeccompFilter,
  NEWEST_KNOWN,
  seccompProfile,
  syscallNumbers,
  TRIPWIRE_SYSCALLS,
  VERDICT,
  type FilterOptions,
} from '../../../src/isolation/index.ts';
import { interpret } from '../bpf-interpreter.ts';
import { makeOpenDirectory } from '../support.ts';
import { agentZone, loadAgentImage } from './agent-image.ts';
import { dockerSpec, NO_ENGINE, openDockerBench, type DockerBench } from './support.ts';

const ARCH = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const VARIANTS: Pick<FilterOptions, 'sockets' | 'watch' | 'profile'>[] = [
  { sockets: 'connect', watch: false, profile: 'builtin' },
  { sockets: 'none', watch: false, profile: 'builtin' },
  { sockets: 'serve', watch: true, profile: 'builtin' },
  { sockets: 'serve', watch: true, profile: 'agent' },
];
/** The newest call that the library of Debian 12's engine knows. */
const KNOWN_TO_ENGINE = 449;
/** The kernel's other word for the same end. */
const KILL_PROCESS = 0x80000000;
const KILL_THREAD = 0;
const named = (verdict: number): string => {
  if (verdict === VERDICT.allow) return 'allow';
  if (verdict === KILL_PROCESS) return 'kill';
  return verdict === KILL_THREAD ? 'kill thread' : `errno ${verdict & 0xffff}`;
};

describe('the profile for the engine', () => {
  it.each(['x86_64', 'aarch64'] as const)('for an agent on %s ends nothing, and allows no tripwire', (arch) => {
    const profile = seccompProfile({ arch, sockets: 'serve', watch: true, profile: 'agent' });
    expect(profile.syscalls.filter(({ action }) => action === 'SCMP_ACT_KILL_PROCESS')).toEqual([]);
    const named = profile.syscalls.flatMap(({ names }) => names);
    expect(TRIPWIRE_SYSCALLS.filter((name) => named.includes(name))).toEqual([]);
    expect(named.filter((name) => syscallNumbers(arch).number(name) === undefined)).toEqual([]);
    expect(named).toContain(arch === 'aarch64' ? 'clone' : 'fork');
  });

  it.each(['x86_64', 'aarch64'] as const)('for %s names only calls that it has, each tripwire as an end', (arch) => {
    const { number } = syscallNumbers(arch);
    const profile = seccompProfile({ arch, sockets: 'connect', watch: false, profile: 'builtin' });
    expect(profile.syscalls.flatMap(({ names }) => names).filter((name) => number(name) === undefined)).toEqual([]);
    const ends = profile.syscalls.filter(
      ({ action, args }) => action === 'SCMP_ACT_KILL_PROCESS' && args === undefined,
    );
    expect(ends.flatMap(({ names }) => names)).toEqual(TRIPWIRE_SYSCALLS.filter((name) => number(name) !== undefined));
    expect(profile.defaultAction).toBe('SCMP_ACT_ERRNO');
  });
});

describe.skipIf(NO_ENGINE !== undefined)('the filter that the kernel holds for a container', () => {
  const work = makeOpenDirectory();
  const reader = join(work.path, 'read-filter');
  let bench: DockerBench;
  let image: string;
  beforeAll(async () => {
    const built = spawnSync('gcc', ['-O1', '-o', reader, join(import.meta.dirname, 'read-filter.c')], {
      encoding: 'utf8',
    });
    if (built.status !== 0) throw new Error(`it does not compile: ${built.stderr}`);
    bench = await openDockerBench();
    image = (await loadAgentImage(bench.engine.socketPath, ['agent:filter'])).id;
  }, 60_000);
  afterAll(async () => {
    await bench.close();
    work.remove();
  });

  it.each(VARIANTS)('answers every call as the one of bubblewrap does (%j)', async (variant) => {
    const spec =
      variant.profile === 'agent'
        ? agentZone(image, ['/bin/tool', 'sleep'])
        : dockerSpec(['-e', 'setInterval(() => {}, 1e6)']);
    const zone = await bench.driver.create({ ...spec, ...variant });
    const ran = spawnSync(reader, [String(zone.processes[0]?.pid)]);
    await zone.stop();
    expect(ran.stderr.toString()).toBe('');
    expect(ran.stdout.length).toBeGreaterThan(8 * 100);
    const ours = buildSeccompFilter({ arch: ARCH, ...variant, changeUid: false });
    const { auditArch, number } = syscallNumbers(ARCH);
    const differ: string[] = [];
    let asked = 0;
    const compare = (nr: number, args: readonly number[] = [], arch = auditArch): void => {
      asked += 1;
      const [theirs, own] = [ran.stdout, ours].map((program) => named(interpret(program, { arch, nr, args })));
      // Beyond the newest call of the profile the engine answers as a kernel without it, a few numbers before ours does.
      const newer = theirs === 'errno 38' && own !== 'kill' && nr > KNOWN_TO_ENGINE && nr <= NEWEST_KNOWN;
      // Calls of another architecture end the thread and not the process: the engine's library has no word for more.
      const foreign = theirs === 'kill thread' && own === 'kill' && (arch !== auditArch || nr >= 0x40000000);
      if (theirs !== own && !newer && !foreign)
        differ.push(`${arch.toString(16)} ${nr} ${args.join()}: ${theirs}, not ${own}`);
    };
    for (let nr = 0; nr < 700; nr++) compare(nr);
    for (const nr of [0, 39, 59, 0x3fffffff]) {
      if (ARCH === 'x86_64') compare(nr + 0x40000000);
      for (const arch of [0x40000003, 0x40000028, 0xc00000b7, 0xc000003e])
        if (arch !== auditArch) compare(nr, [], arch);
    }
    const socket = number('socket') ?? -1;
    for (let family = 0; family < 64; family++)
      for (const type of [0, 1, 2, 3, 5, 10, 1 | 0o2000000, 1 | 0o4000, 2 | 0o2000000]) compare(socket, [family, type]);
    const clone = number('clone') ?? -1;
    for (let bit = 0; bit < 32; bit++) {
      compare(clone, [2 ** bit]);
      compare(clone, [2 ** bit + (bit === 16 ? 0 : 0x10000)]);
      compare(clone, [(0x3d0f00 | (bit === 31 ? 0 : 2 ** bit)) >>> 0]);
    }
    compare(clone, [0x3d0f00]);
    compare(clone, [17]);
    for (let option = 0; option < 80; option++) compare(number('prctl') ?? -1, [option]);
    compare(number('prctl') ?? -1, [0x53564d41]);
    for (let code = 0x5400; code < 0x5480; code++) compare(number('ioctl') ?? -1, [0, code]);
    // Settings, packets and numbers of terminals.
    for (const base of [0x802c5400, 0x402c5400, 0x80045400, 0x40045400, 0xc0045400])
      for (let code = base + 0x20; code < base + 0x50; code++) compare(number('ioctl') ?? -1, [0, code]);
    expect(asked).toBeGreaterThan(1_500);
    expect(differ).toEqual([]);
  });
});
