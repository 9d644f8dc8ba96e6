import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ESCAPE_LIST,
  judgeWall,
  openStage,
  proveWall,
  type AttemptProof,
  type Stage,
  type WallProof,
} from '../../../src/isolation/index.ts';
import { agentZone, loadAgentImage } from './agent-image.ts';
import { NO_ENGINE, openDockerBench, type DockerBench } from './support.ts';

const ARCH = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const IDS = ESCAPE_LIST.filter(({ arch }) => arch === undefined || arch === ARCH).map(({ id }) => id);

describe.skipIf(NO_ENGINE !== undefined)('the escape list behind the wall of an agent’s container', () => {
  let bench: DockerBench;
  let stage: Stage;
  let proof: WallProof;
  beforeAll(async () => {
    bench = await openDockerBench();
    const { id } = await loadAgentImage(bench.engine.socketPath, ['agent:wall']);
    stage = await openStage({ parent: '/var/tmp' });
    proof = await proveWall({ driver: bench.driver, stage, spec: agentZone(id, ['sh']), scope: 'full' });
  }, 300_000);
  afterAll(async () => {
    await stage.close();
    await bench.close();
  }, 60_000);
  const find = (id: string): AttemptProof | undefined => proof.attempts.find(({ attempt }) => attempt.id === id);

  // That each is seen to work outside is what `test/isolation/escape/wall.test.ts` looks at.
  it.each(IDS)('%s is held, or is what an agent may', (id) => {
    const found = find(id);
    if (found?.claim.kind === 'claimed')
      expect({ reading: found.reading.kind, asExpected: found.asExpected }).toEqual({
        reading: 'held',
        asExpected: true,
      });
    else expect(found?.claim).toMatchObject({ kind: 'on_purpose' });
  });

  it('can do what a zone may do, starts programs up to its limit, and stands', () => {
    expect(proof.controls.map(({ control, reading }) => [control.id, reading.kind])).toEqual(
      ['may-connect', 'may-read', 'may-write', 'may-look'].map((id) => [id, 'open']),
    );
    expect(find('ns-fork')?.reading.kind).toBe('open');
    expect(find('limit-processes')?.reading.raw).toMatch(/EAGAIN/);
    expect(judgeWall(proof)).toMatchObject({ kind: 'stands', degraded: [] });
  });
});
