import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  judgeWall,
  openStage,
  proveWall,
  type Stage,
  type WallProof,
  type ZoneSpec,
} from '../../src/isolation/index.ts';
import { isRoot, landlockAbi, openLandlockBench, specOf, type Bench } from './support.ts';

const abi = await landlockAbi();
const BRIDGE = '/var/run/zone-bridge/zone-bridge.sock';
const ZONES = [
  ['that is handed its one socket', { sockets: 'connect', bridge: BRIDGE }, []],
  ['that lives on a descriptor alone and watches', { sockets: 'none', watch: true }, []],
  ['that opens its own sockets', { sockets: 'connect' }, ['sock-host', 'sock-other-zone']],
  ['that serves', { sockets: 'serve', watch: true }, ['sock-host', 'sock-other-zone']],
] as const;
/** What no zone of this mode is kept from, whatever its sockets are. */
const LOST = ['proc-host-name', 'limit-tmp'];

/** Held by a cgroup where there is one, whatever the wall is. */
const OF_CGROUPS = ['limit-memory', 'limit-threads', 'limit-processes', 'limit-processor'];

describe.runIf(abi !== undefined)('the list of escapes behind Landlock', () => {
  let stage: Stage;
  const benches: Bench[] = [];
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(async () => {
    await stage.close();
    for (const bench of benches) await bench.close();
  });

  const prove = async (version: number, overrides: Partial<ZoneSpec>): Promise<WallProof> => {
    const bench = await openLandlockBench(version);
    benches.push(bench);
    return await proveWall({ driver: bench.driver, stage, spec: specOf([], overrides), scope: 'full' });
  };
  const refusals = (proof: WallProof): readonly string[] => {
    const verdict = judgeWall(proof);
    return verdict.kind === 'refused' ? verdict.reasons : [];
  };
  const opened = ({ attempts }: WallProof, claim: string): string[] =>
    attempts
      .filter((one) => one.reading.kind === 'open' && one.claim.kind === claim)
      .map(({ attempt }) => attempt.id)
      .toSorted();

  it.each(ZONES)(
    'a zone %s is held at all that mode L claims, and what it is not held at is named',
    async (_what, overrides, more) => {
      const proof = await prove(abi ?? 0, overrides);
      expect(refusals(proof)).toEqual([]);
      expect(opened(proof, 'claimed')).toEqual([]);
      const named = opened(proof, 'lost').filter(
        (id) => !OF_CGROUPS.includes(id) || proof.wall.limitsHeld.length === 3,
      );
      expect(named).toEqual([...LOST, ...more].toSorted());
      // INVARIANT: nothing is called lost that is in truth held: the table is what was measured.
      const lost = proof.attempts.filter(({ claim }) => claim.kind === 'lost').map(({ attempt }) => attempt.id);
      if (proof.wall.limitsHeld.length === 3) expect(lost.toSorted()).toEqual([...LOST, ...more].toSorted());
      // The same programs outside: what counts as held here works there.
      const shown = proof.attempts.filter(({ twin }) => twin.kind === 'seen').length;
      expect(shown).toBeGreaterThan(isRoot ? 130 : 90);
      const killed = proof.attempts.filter(
        ({ reading }) => reading.kind === 'held' && reading.raw === 'the zone was ended',
      );
      expect(killed.length).toBeGreaterThan(30);
    },
    120_000,
  );

  it('an older Landlock loses abstract sockets and signals, and says so', async () => {
    const proof = await prove(3, { sockets: 'connect' });
    expect(refusals(proof)).toEqual([]);
    expect(opened(proof, 'claimed')).toEqual([]);
    expect(opened(proof, 'lost')).toContain('net-abstract');
    expect(benches.at(-1)?.driver.degraded.join('\n')).toMatch(/no scopes.*signal other processes/);
    expect(benches[0]?.driver.degraded.join('\n')).not.toMatch(/scopes/);
  }, 120_000);
});
