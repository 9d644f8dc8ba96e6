import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ESCAPE_LIST, judgeWall, openStage, proveWall, type Stage, type WallProof } from '../../../src/isolation/index.ts';
import { agentZone, loadAgentImage } from './agent-image.ts';
import { NO_ENGINE, openDockerBench, runDocker, type DockerBench } from './support.ts';

describe.skipIf(NO_ENGINE !== undefined)('the escape list behind the wall of an agent’s container', () => {
  let bench: DockerBench;
  let stage: Stage;
  let proof: WallProof;
  let image: string;
  beforeAll(async () => {
    bench = await openDockerBench();
    image = (await loadAgentImage(bench.engine.socketPath, ['agent:test'])).id;
    stage = await openStage({ parent: '/var/tmp' });
    console.log(await runDocker(bench.driver, agentZone(image, ['sh', '-c', 'tool uid; env; ls -la / /etc /dev/shm; tool loopback; raise uid; cat /etc/hosts /etc/resolv.conf; cat /proc/self/mountinfo'])));
    proof = await proveWall({ driver: bench.driver, stage, spec: agentZone(image, ['sh']), scope: 'full' });
  }, 300_000);
  afterAll(async () => {
    await stage.close();
    await bench.close();
  }, 60_000);
  it('x', () => {
    for (const { attempt, reading, claim, asExpected } of proof.attempts)
      if (reading.kind !== 'held' || !asExpected) console.log(attempt.id, reading, claim, asExpected);
    console.log(proof.controls.map(({ control, reading }) => [control.id, reading]), ESCAPE_LIST.length);
    expect(judgeWall(proof)).toMatchObject({ kind: 'stands' });
  });
});
