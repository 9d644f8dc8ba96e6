import {
  createBubblewrapDriver,
  findBubblewrap,
  findRuntime,
  findWall,
  openDockerDriver,
  openLibrary,
  type ZoneDriver,
} from '../../src/isolation/index.ts';

/** A driver and a profile under test. */
export interface Wall {
  readonly name: string;
  readonly driver: ZoneDriver;
  readonly profile: 'builtin' | 'agent';
  readonly node: string;
  readonly close: () => Promise<void>;
}

/** Every wall that this machine can build now. */
export async function openWalls(base: string): Promise<Wall[]> {
  const found = await findRuntime(process.execPath);
  const isRoot = process.getuid?.() === 0;
  const node = isRoot ? await openLibrary(base).file(found.node) : found.node;
  const bwrap = findBubblewrap();
  const wall = bwrap === undefined ? undefined : await findWall(bwrap);
  if (wall?.ok !== true) throw new Error('no wall stands here');
  const driver = createBubblewrapDriver({ instance: 'be0cbe0d', wall: wall.wall, runtime: () => ({ ...found, node }) });
  const close = (): Promise<void> => driver.destroy();
  const containers = await openContainers(node);
  return [
    { name: 'bubblewrap, builtin', driver, profile: 'builtin', node, close },
    { name: 'bubblewrap, agent', driver, profile: 'agent', node, close },
    ...(containers === undefined ? [] : [containers]),
  ];
}

/** An engine of the bench's own; none where only root could start it. */
async function openContainers(node: string): Promise<Wall | undefined> {
  const { NO_ENGINE, startEngine } = await import('../../test/isolation/docker/support.ts');
  if (NO_ENGINE !== undefined) return undefined;
  const engine = await startEngine();
  const runtime = await findRuntime(process.execPath);
  const driver = await openDockerDriver({ instance: 'be0cbe0e', runtime, socketPath: engine.socketPath });
  const close = async (): Promise<void> => {
    await driver.destroy();
    await engine.close();
  };
  return { name: 'docker, builtin', driver, profile: 'builtin', node, close };
}
