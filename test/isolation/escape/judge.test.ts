import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HardshellError } from '../../../src/contracts/index.ts';
import {
  judgeWall,
  openStage,
  proveWall,
  type Executed,
  type Stage,
  type ZoneDriver,
  type ZoneSpec,
} from '../../../src/isolation/index.ts';

const SPEC: ZoneSpec = {
  ...{ name: 'zone', mounts: [{ kind: 'tmp', to: '/tmp', bytesMax: 1 << 20 }], env: {}, cwd: '/' },
  ...{ program: { kind: 'node', arguments: [] }, profile: 'builtin', network: 'none', proc: true, sockets: 'connect' },
  ...{ watch: false, limits: { memoryBytesMax: 1 << 26, tasksMax: 8, cpus: 1 } },
} as const;
const QUIET: Executed = { exit: { kind: 'exited', code: 0 }, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };

/** A driver whose zones answer what `exec` says. */
const driverOf = (exec: ZoneDriver['exec']): ZoneDriver => ({
  ...({ kind: 'bubblewrap', mode: 'F', ownUids: true, limitsHeld: ['memory', 'pids', 'cpu'] } as const),
  ...{ degraded: [], cgroupPaths: [], probe: () => Promise.resolve({ ok: true, degraded: [] } as const) },
  ...{ create: () => Promise.reject(new Error('not asked for')), destroy: () => Promise.resolve(), exec },
});

describe('the judge of walls', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage({ parent: '/var/tmp' });
  });
  afterAll(() => stage.close());
  const judge = async (exec: ZoneDriver['exec']) =>
    judgeWall(await proveWall({ driver: driverOf(exec), stage, spec: SPEC, scope: 'start' }));

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a text', Buffer.from('all is well\n')],
    ['as many zeros as it was given room for', 'zeros'],
    ['more than it was given room for', 'more'],
  ] as const)('refuses a wall behind which the probe wrote %s', async (_what, written) => {
    const verdict = await judge((_spec, { outputBytesMax }) => {
      const length = written === 'zeros' ? outputBytesMax - 1 : outputBytesMax;
      return Promise.resolve({ ...QUIET, stdout: typeof written === 'string' ? Buffer.alloc(length) : written });
    });
    expect(verdict).toMatchObject({ kind: 'refused' });
    if (verdict.kind !== 'refused') return;
    expect(verdict.reasons[0]).toMatch(/^the wall of `zone` could not be proven: the probe could not connect/);
    expect(verdict.reasons.join('\n')).toContain('the probe gave no answer of the right shape');
  });

  it('refuses a wall that ends every zone: then nothing can be told from anything', async () => {
    const verdict = await judge(() => Promise.resolve({ ...QUIET, exit: { kind: 'tampered' } }));
    expect(verdict).toMatchObject({ kind: 'refused' });
    if (verdict.kind === 'refused') expect(verdict.reasons.join('\n')).toContain('no probe of it came back');
  });

  it('refuses a wall that cannot be built, with the driver’s own sentence', async () => {
    const verdict = await judge(() =>
      Promise.reject(new HardshellError('isolation_failed', 'no namespaces here', { fate: 'stop' })),
    );
    expect(verdict).toMatchObject({ kind: 'refused' });
    if (verdict.kind === 'refused') expect(verdict.reasons.join('\n')).toContain('no namespaces here');
  });

  it('does not repeat what a driver’s unknown error says, nor what a zone wrote', async () => {
    const verdict = await judge(() => Promise.reject(new Error('\u001b[31mhostile')));
    expect(JSON.stringify(verdict)).not.toContain('hostile');
    const said = await judge(() => Promise.resolve({ ...QUIET, stdout: Buffer.from('\u001b[31mhostile') }));
    expect(JSON.stringify(said)).not.toContain('hostile');
  });

  it('does not take an end from outside for a refusal', async () => {
    const verdict = await judge(() => Promise.resolve({ ...QUIET, exit: { kind: 'killed', outOfMemory: false } }));
    expect(verdict).toMatchObject({ kind: 'refused' });
  });

  it('runs the probe in the zone’s place: its wall and mounts, none of its descriptors, program or output', async () => {
    const seen: ZoneSpec[] = [];
    const heard = (): void => undefined;
    const driver = driverOf((spec) => (seen.push(spec), Promise.resolve(QUIET)));
    const spec: ZoneSpec = { ...SPEC, ownTerminal: true, passInput: true, onOutput: heard, sockets: 'serve' };
    await proveWall({ driver, stage, spec, scope: 'start' });
    expect(seen.length).toBeGreaterThan(5);
    expect(new Set(seen.map(({ name }) => name)).size).toBe(seen.length);
    for (const one of seen) {
      expect(one).toMatchObject({ profile: 'builtin', sockets: 'serve', program: { kind: 'command' } });
      expect([one.ownTerminal, one.passInput, one.onOutput, one.descriptor]).toEqual([
        undefined,
        undefined,
        undefined,
        undefined,
      ]);
      expect(one.mounts).toContainEqual(expect.objectContaining({ kind: 'tmp', to: '/tmp' }));
    }
  });
});
