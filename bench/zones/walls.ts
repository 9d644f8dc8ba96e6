import {
  createBubblewrapDriver,
  findBubblewrap,
  findRuntime,
  findWall,
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
  return [
    { name: 'bubblewrap, builtin', driver, profile: 'builtin', node, close },
    { name: 'bubblewrap, agent', driver, profile: 'agent', node, close },
  ];
}
