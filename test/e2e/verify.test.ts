import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectFrames } from '../../src/bridge/index.ts';
import { SUPERVISOR_ANSWERS } from '../../src/contracts/index.ts';
import { inspectZone } from '../../src/host/index.ts';
import { instancePaths, voidArmed } from '../../src/state/index.ts';
import { Instance, until } from './instance.ts';

// The final check of a real instance, and each of its points made false by what a real attacker or accident would do.
const instance = new Instance();
const paths = (): ReturnType<typeof instancePaths> => instancePaths(instance.home, process.getuid?.() ?? 0);

interface Check {
  readonly verdict: string;
  readonly found: string;
}
interface Point {
  readonly id: string;
  readonly verdict: string;
  readonly checks: readonly Check[];
}

function verify(...flags: readonly string[]): {
  code: number | null;
  points: Map<string, Point>;
  verdicts: Record<string, string>;
} {
  const answer = instance.run('verify', '--json', ...flags);
  const points = answer.json()['points'] as Point[];
  return {
    code: answer.code,
    points: new Map(points.map((point) => [point.id, point])),
    verdicts: Object.fromEntries(points.map(({ id, verdict }) => [id, verdict])),
  };
}

/** Host pid of the program in a zone. */
async function programOf(name: string): Promise<number> {
  const client = await connectFrames({ target: { path: paths().supervisorSocket } });
  const { zones } = SUPERVISOR_ANSWERS.status.parse(await client.request({ type: 'status' }));
  client.destroy();
  const seen = inspectZone(zones.find((zone) => zone.name === name)?.pid ?? -1);
  if (seen === null) throw new Error(`${name} does not run`);
  return seen.pid;
}

let inOrder: Record<string, string> = {};

beforeAll(async () => {
  await instance.up();
  await until(
    () => (instance.run('status', '--json').json()['inbox'] as { items: number; unhandled: number }).items >= 7,
    30_000,
  );
  await until(
    () => (instance.run('status', '--json').json()['inbox'] as { unhandled: number }).unhandled === 0,
    30_000,
  );
});
afterAll(() => instance.remove());

describe('hardshell verify', () => {
  test('passes what runs and is whole, and says honestly what is not there', () => {
    const { code, points, verdicts } = verify();
    // The attacks take long, and nothing below changes what they find.
    inOrder = verify('--quick').verdicts;
    expect(points.size).toBe(10);
    expect(verdicts).toMatchObject({ executor: 'pass', 'audit-chain': 'pass', zones: 'pass', secrets: 'not_yet' });
    expect(points.get('kill-switch')?.checks.map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'not_yet']);
    for (const id of ['zone2-mute', 'zone3-mute']) {
      const [outside, ...attacks] = points.get(id)?.checks ?? [];
      expect(outside, id).toMatchObject({
        verdict: 'pass',
        found: expect.stringMatching(/walled in as seen from outside/),
      });
      if (attacks.some(({ found }) => found.includes('does not come with this build')))
        console.warn(`NOT PROVEN HERE: ${id} from inside: the supervisor of this build has no attack list`);
      else expect(points.get(id)?.verdict, JSON.stringify(attacks)).toBe('pass');
    }
    expect(points.get('service-user')?.checks[0]?.found).toContain('there is no service user here: judged for');
    // Not all ten can pass before the last part: never 0.
    expect(code).toBe(3);
  });

  test('prints a table with a verdict a point', () => {
    const { out, code } = instance.run('verify', '--quick');
    expect(code).toBe(3);
    const rows = out
      .split('\n')
      .flatMap((line) => /^ ?(\d+) {2}(PASS|FAIL|NOT YET) /.exec(line)?.slice(1, 3).join(' ') ?? []);
    expect(rows.map((row) => Number.parseInt(row, 10))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(rows).toContain('10 PASS');
    expect(out).toMatch(/\d of 10 points pass/);
  });

  test('fails in the zones alone while one of them is halted', async () => {
    const pid = await programOf('zone2-planner');
    process.kill(pid, 'SIGSTOP');
    try {
      await until(() => inspectZoneState(pid) === 'T', 5_000);
      const { verdicts, points } = verify('--quick');
      expect(verdicts).toEqual({ ...inOrder, zones: 'fail' });
      expect(points.get('zones')?.checks[0]?.found).toBe('`zone2-planner` is halted');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await until(() => verify('--quick').verdicts['zones'] === 'pass', 20_000);
  });

  test('fails in the executor, and in what runs, while the executor hangs', async () => {
    const pid = await programOf('zone1-executor');
    process.kill(pid, 'SIGSTOP');
    try {
      const { verdicts } = verify('--quick');
      expect(verdicts).toEqual({ ...inOrder, executor: 'fail', zones: 'fail' });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await until(() => verify('--quick').verdicts['executor'] === 'pass', 20_000);
  });

  test('fails in the audit chain alone when a byte of it was changed', () => {
    const log = join(instance.home, 'audit', 'audit.jsonl');
    const whole = readFileSync(log);
    const broken = Buffer.from(whole);
    broken[whole.indexOf('"event"') + 12] = 0x58;
    writeFileSync(log, broken);
    try {
      const { verdicts, points } = verify('--quick');
      expect(verdicts).toEqual({ ...inOrder, 'audit-chain': 'fail' });
      expect(points.get('audit-chain')?.checks[0]?.found).toBe('the chain is broken');
    } finally {
      writeFileSync(log, whole);
    }
    expect(verify('--quick').verdicts).toEqual(inOrder);
  });

  test('fails in the audit chain alone when the end of it was cut off', () => {
    const log = join(instance.home, 'audit', 'audit.jsonl');
    const whole = readFileSync(log, 'utf8');
    const lines = whole.trimEnd().split('\n');
    // More than the database keeps to write again.
    writeFileSync(log, `${lines.slice(0, 3).join('\n')}\n`);
    try {
      const { verdicts, points } = verify('--quick');
      expect(verdicts).toEqual({ ...inOrder, 'audit-chain': 'fail' });
      expect(points.get('audit-chain')?.checks[1]?.found).toBe('lines were removed from the end');
    } finally {
      writeFileSync(log, whole);
    }
  });

  test('fails where nothing runs, and in the kill switch only once the record is void', async () => {
    await instance.interrupt();
    const stopped = verify('--quick');
    expect(stopped.verdicts).toMatchObject({
      executor: 'fail',
      zones: 'fail',
      'zone2-mute': 'fail',
      'kill-switch': 'not_yet',
    });
    voidArmed(instance.home);
    expect(verify('--quick').verdicts).toEqual({ ...stopped.verdicts, 'kill-switch': 'fail' });
  });

  test('cannot be run where there is no instance', () => {
    const { code, err } = instance.run('verify', '--home', join(instance.home, '..', 'nobody'));
    expect(code).toBe(1);
    expect(err).toContain('there is no instance');
  });
});

describe('hardshell baseline', () => {
  test('writes the document for its owner alone, and tells the same to programs', () => {
    const file = join(instance.home, '..', 'baseline.md');
    const written = instance.run('baseline', '--json', '--write', file);
    const { counts, items } = written.json() as {
      counts: Record<string, number>;
      items: { title: string; verdict: string; evidence: unknown[] }[];
    };
    expect(written.code).toBe((counts['fail'] ?? 0) > 0 ? 3 : 0);
    expect(statSync(file).mode & 0o7777).toBe(0o600);
    const text = readFileSync(file, 'utf8');
    for (const { title, verdict } of items)
      expect(text).toContain(`## ${title}: ${verdict === 'fail' ? 'FAIL' : verdict.replace('_', ' ')}`);
    expect(items.filter(({ verdict, evidence }) => verdict === 'pass' && evidence.length === 0)).toEqual([]);
    // An older baseline is replaced; anything else is left as it is.
    expect(instance.run('baseline', '--write', file).out).toContain('baseline written to');
    const other = join(instance.home, '..', 'letter.md');
    writeFileSync(other, '# Security baselines I have known\n');
    const refused = instance.run('baseline', '--write', other);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('is no baseline; name another file')]);
    expect(readFileSync(other, 'utf8')).toBe('# Security baselines I have known\n');
  });

  test('prints Markdown without a file', () => {
    expect(instance.run('baseline').out).toMatch(/^# Security baseline\n\nTaken \d{4}-/);
  });
});

function inspectZoneState(pid: number): string {
  return /^State:\s*(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
}
