import { openStage, proveWall, THEMES, type Stage } from '../../../src/isolation/index.ts';
import { dockerSpec, NO_ENGINE, openDockerBench, type DockerBench } from '../../isolation/docker/support.ts';
import { defineSuite, type Suite } from '../attack.ts';
import { attackOf, type Proven } from './escape.ts';

interface ContainerLab extends Proven {
  readonly bench: DockerBench;
  readonly stage: Stage;
}

/** The same list in containers of a Docker engine that the suite starts and stops. */
export const containers: Suite = defineSuite<ContainerLab>({
  name: 'containers',
  title: 'out of a container, by the same list',
  unavailable: () => NO_ENGINE ?? null,
  open: async () => {
    const bench = await openDockerBench();
    // Not below `/tmp`, which is a zone's own.
    const stage = await openStage({ parent: '/var/tmp' });
    return {
      bench,
      stage,
      proofs: [await proveWall({ driver: bench.driver, stage, spec: dockerSpec([]), scope: 'full' })],
    };
  },
  close: async ({ bench, stage }) => {
    await stage.close();
    await bench.close();
  },
  attacks: THEMES.map((theme, i) => attackOf(theme, `ctr-${String(i + 1).padStart(2, '0')}`, 'a container of ours')),
});
