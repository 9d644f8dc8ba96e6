import { execFile, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findByEnvironment, readProcessStatus, zoneMarker } from '../../src/isolation/index.ts';
import { instancePaths } from '../../src/state/index.ts';
import { landlockAbi } from '../isolation/support.ts';
import { withoutNamespaces } from '../support/without-namespaces.ts';
import { until } from './instance.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const isRoot = process.getuid?.() === 0;
const canMake = isRoot && (await landlockAbi()) !== undefined;
if (!isRoot) console.warn('NOT PROVEN HERE: an instance without namespaces (making such a place needs root)');
const RUNNERS = [
  { who: 'an ordinary user', uid: 65_534, uids: 'one uid for all zones' },
  { who: 'root', uid: 0, uids: 'an own uid for each zone' },
];

interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describe.runIf(canMake).each(RUNNERS)('where no namespaces can be made, run by $who', ({ uid, uids }) => {
  const base = mkdtempSync(join(tmpdir(), 'hs-l-'));
  const home = join(base, 'h');
  const env = { HARDSHELL_HOME: home, HOME: base, NO_COLOR: '1', PATH: '/usr/bin:/bin' };
  const paths = instancePaths(home, uid);
  let node = process.execPath;
  let supervisor: ChildProcess;
  let said = '';

  const main = (name: string): string => join(base, 'dist', name, 'main.mjs');
  /** A command of the owner's. */
  const run = (...args: string[]): Promise<Said> =>
    new Promise((resolve) => {
      const options = { env, cwd: '/', uid, gid: uid, timeout: 60_000 };
      const child = execFile(node, [main('cli'), ...args], options, (_error, out, err) =>
        resolve({ code: child.exitCode, out, err }),
      );
    });
  /** The same in the place where the instance runs: for commands that build a wall themselves. */
  const runThere = async (...args: string[]): Promise<Said> => {
    const child = await withoutNamespaces([node, main('cli'), ...args], { uid, env });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const [out, err] = await Promise.all(
      [child.stdout, child.stderr].map((stream) => text(stream ?? Readable.from([]))),
    );
    return { code: await ended, out: out ?? '', err: err ?? '' };
  };
  const status = async (): Promise<Record<string, unknown>> =>
    JSON.parse((await run('status', '--json')).out) as Record<string, unknown>;
  const zones = (): number[] => findByEnvironment(zoneMarker(paths.instance)).map(({ pid }) => pid);

  const recorded = (): number[] => {
    const record = JSON.parse(readFileSync(paths.zonesRecord, 'utf8')) as { zones: { processes: { pid: number }[] }[] };
    return record.zones.flatMap(({ processes }) => processes.map(({ pid }) => pid));
  };

  beforeAll(async () => {
    // Builds what is missing or older than its source.
    spawnSync(process.execPath, [join(ROOT, 'bin', 'hardshell'), '--version'], { encoding: 'utf8' });
    chmodSync(base, 0o755);
    chownSync(base, uid, uid);
    for (const name of ['dist', 'policies', 'samples', 'templates', 'package.json'])
      if (existsSync(join(ROOT, name))) cpSync(join(ROOT, name), join(base, name), { recursive: true });
    if (spawnSync(node, ['-v'], { uid, gid: uid }).status !== 0) {
      node = join(base, 'node');
      copyFileSync(process.execPath, node);
      chmodSync(node, 0o755);
    }
    supervisor = await withoutNamespaces([node, main('supervisor')], { uid, env });
    for (const stream of [supervisor.stdout, supervisor.stderr])
      stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until(() => said.includes('Ctrl-C stops everything') || supervisor.exitCode !== null, 60_000);
  }, 90_000);
  afterAll(async () => {
    supervisor.kill('SIGTERM');
    await until(() => supervisor.exitCode !== null || supervisor.signalCode !== null, 20_000);
    for (const pid of zones()) process.kill(pid, 'SIGKILL');
    rmSync(base, { recursive: true, force: true });
    if (uid === 0) rmSync(paths.run, { recursive: true, force: true });
  });

  it('`up` becomes ready in mode L and says what that lacks', async () => {
    expect(said).toContain('Hardshell is ready');
    expect(said).toContain(`landlock, mode L: no network, ${uids}`);
    const text = (await run('status')).out;
    expect(text).toContain('zones have no namespaces');
    expect(text).toContain('the executor can read and write the whole home');
  });

  it('the sample mails are read, and the hostile one is flagged', async () => {
    await until(async () => ((await status())['inbox'] as { unhandled: number; items: number }).items >= 7, 30_000);
    await until(async () => ((await status())['inbox'] as { unhandled: number }).unhandled === 0, 30_000);
    const { items } = JSON.parse((await run('inbox', 'list', '--json')).out) as {
      items: { from: string; warned: boolean }[];
    };
    expect(items.filter(({ warned }) => warned).map(({ from }) => from)).toEqual(['notice@attacker.example']);
    // A mail counts as handled once its planner has it; the question comes a moment later.
    const questions = async (): Promise<number> => {
      const { out } = await run('approvals', 'list', '--json');
      return (JSON.parse(out) as { approvals: unknown[] }).approvals.length;
    };
    await until(async () => (await questions()) >= 3, 30_000);
  });

  it('every process of it is filtered, without capabilities and without a way to gain any', () => {
    const found = recorded().flatMap((pid) => readProcessStatus(pid) ?? []);
    expect(found.length).toBeGreaterThanOrEqual(4);
    for (const one of found) expect(one).toMatchObject({ seccomp: '2', noNewPrivs: '1', capEff: '0000000000000000' });
    const own = new Set(found.flatMap((one) => one.uids));
    expect(own.size > 1).toBe(uid === 0);
  });

  it('a script in the place of a planner reads what the planner reads and nothing else of the host', async () => {
    const file = join(base, 'open.txt');
    writeFileSync(file, 'everybody may read this');
    chmodSync(file, 0o644);
    const look = `const fs = require('node:fs'); const tell = (path) => { try { fs.readdirSync(path); return 'open'; } catch (e) { return e.code; } };
      const read = (path) => { try { fs.readFileSync(path); return 'open'; } catch (e) { return e.code; } };
      console.log(tell(process.env.HARDSHELL_TEMPLATES), read(${JSON.stringify(file)}), tell(${JSON.stringify(home)}), read('/etc/passwd'))`;
    const script = join(base, 'look.cjs');
    writeFileSync(script, look);
    chmodSync(script, 0o644);
    const there = await runThere('zone', 'exec', 'zone2-planner', '--', 'node', script);
    expect([there.out.trim(), there.err]).toEqual(['open EACCES EACCES EACCES', '']);
  });

  it('a program that is not Hardshell’s own is refused, with the reason', async () => {
    const refused = await runThere('run', '--', 'true');
    expect(refused.code).not.toBe(0);
    expect(refused.err).toContain('run behind namespaces only (mode F, R or U)');
  });

  it('`kill` stops all of it, and nothing starts again', async () => {
    expect(zones().length).toBeGreaterThan(0);
    const pids = recorded();
    expect((await run('kill')).code).toBe(0);
    expect(zones()).toEqual([]);
    for (const pid of pids) expect(existsSync(`/proc/${pid}`)).toBe(false);
    await until(() => supervisor.exitCode !== null || supervisor.signalCode !== null, 20_000);
    const again = await runThere('up');
    expect([again.code === 0, again.err]).toEqual([false, expect.stringContaining('revive') as string]);
  });
});
