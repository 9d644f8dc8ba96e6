import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ESCAPE_LIST,
  judgeWall,
  openStage,
  proveWall,
  type Stage,
  type WallProof,
} from '../../../src/isolation/index.ts';
import { dockerSpec, NO_ENGINE, openDockerBench, plainContainer, type DockerBench } from './support.ts';

const LONG_MS = 300_000;
const arch = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const IDS = ESCAPE_LIST.filter((attempt) => attempt.arch === undefined || attempt.arch === arch).map(({ id }) => id);

describe.skipIf(NO_ENGINE !== undefined)('the escape list in a container', () => {
  let bench: DockerBench;
  let stage: Stage;
  let proof: WallProof;

  beforeAll(async () => {
    bench = await openDockerBench();
    // Not below `/tmp`, which is a zone's own.
    stage = await openStage({ parent: '/var/tmp' });
    proof = await proveWall({ driver: bench.driver, stage, spec: dockerSpec([]), scope: 'full' });
  }, LONG_MS);
  afterAll(async () => {
    await stage.close();
    await bench.close();
  });

  it.each(IDS)('%s is held', (id) => {
    const found = proof.attempts.find(({ attempt }) => attempt.id === id);
    if (found === undefined) throw new Error(`\`${id}\` was not tried`);
    // Named in the list: what an engine shows of `/sys` in any container, with nothing of this machine in it.
    if (found.claim.kind === 'on_purpose')
      return expect([id, found.claim.reason]).toEqual(['files-sys', expect.stringMatching(/\w/)]);
    expect(found.claim.kind).toBe('claimed');
    expect({ reading: found.reading.kind, asExpected: found.asExpected }).toEqual({
      reading: 'held',
      asExpected: true,
    });
  });

  it('stands, and most of what it holds was seen to work outside', () => {
    expect(judgeWall(proof)).toMatchObject({ kind: 'stands', degraded: [] });
    const seen = proof.attempts.filter(({ twin }) => twin.kind === 'seen');
    expect(seen.length).toBeGreaterThan(130);
  });

  it(
    'is refused where the container is shown a program of the host that it must not see',
    async () => {
      const spec = dockerSpec([]);
      const shown = {
        ...spec,
        mounts: [...spec.mounts, { kind: 'read', from: '/usr/bin/dash', to: '/bin/sh' } as const],
      };
      const open = judgeWall(await proveWall({ driver: bench.driver, stage, spec: shown, scope: 'start' }));
      expect(open).toMatchObject({ kind: 'refused' });
    },
    LONG_MS,
  );

  it('a plain container of the same image may start processes and take memory that a zone may not', async () => {
    // The twin for the engine itself: with its usual settings the same calls pass.
    const script = 'process.stdout.write(String(require("child_process").spawnSync(process.execPath, ["-v"]).status))';
    const plain = await plainContainer(bench, ['/usr/bin/node', '-e', script], {});
    expect(plain.out.trim()).toBe('0');
    expect(spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' }).stdout.trim()).toBe('0');
  });
});
