import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  createBubblewrapDriver,
  openStage,
  type Runtime,
  type Stage,
  type Wall,
  type ZoneDriver,
  type ZoneSpec,
} from '../../../src/isolation/index.ts';
import { ZONE_IDS } from '../support.ts';

const MIB = 1024 * 1024;
/** Not below `/tmp`, which is a zone's own: what of the host a zone must not see is elsewhere. */
const PLACE = '/var/tmp';
/** The probe needs no Node, and a driver mounts one: a small program stands for it. */
const RUNTIME: Runtime = { node: '/bin/true', libraries: [] };

export interface EscapeBench {
  readonly driver: ZoneDriver;
  readonly stage: Stage;
  /** A zone as ours are: Node in a read-only root, a program of its own, `/tmp`. */
  readonly spec: ZoneSpec;
  readonly close: () => Promise<void>;
}

export async function openEscapeBench(wall?: Wall): Promise<EscapeBench> {
  const directory = mkdtempSync(join(PLACE, 'hardshell-test-'));
  const app = join(directory, 'app');
  mkdirSync(app);
  writeFileSync(join(app, 'main'), '');
  // Wide open by mode: what refuses is the wall.
  for (const [path, mode] of [
    [directory, 0o755],
    [app, 0o777],
    [join(app, 'main'), 0o777],
  ] as const)
    chmodSync(path, mode);
  const driver = createBubblewrapDriver({
    instance: randomBytes(4).toString('hex'),
    runtime: () => RUNTIME,
    ...(wall === undefined ? {} : { wall }),
  });
  const stage = await openStage({ parent: PLACE });
  return {
    driver,
    stage,
    spec: specWith(app),
    close: async () => {
      await stage.close();
      await driver.destroy();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function specWith(app: string): ZoneSpec {
  return {
    name: `escape-${randomBytes(3).toString('hex')}`,
    ...ZONE_IDS,
    env: { HOME: '/tmp' },
    cwd: '/tmp',
    proc: true,
    sockets: 'connect',
    watch: false,
    limits: { memoryBytesMax: 256 * MIB, tasksMax: 32, cpus: 2 },
    mounts: [
      { kind: 'tmp', to: '/tmp', bytesMax: 16 * MIB },
      { kind: 'read', from: app, to: '/app' },
      { kind: 'read', from: join(app, 'main'), to: '/programs/main' },
    ],
    program: { kind: 'node', arguments: [] },
    profile: 'builtin',
    network: 'none',
  };
}

/** As an agent's zone: the host's programs, read-only, memory to share. */
export function asAgent(spec: ZoneSpec): ZoneSpec {
  const links = ['bin', 'lib', 'lib64', 'sbin'].map(
    (name) => ({ kind: 'link', target: `usr/${name}`, to: `/${name}` }) as const,
  );
  return {
    ...spec,
    name: `${spec.name}-agent`,
    profile: 'agent',
    sharedMemoryBytesMax: 16 * MIB,
    mounts: [...spec.mounts, { kind: 'read', from: '/usr', to: '/usr' }, ...links],
  };
}
