import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import { NET } from './namespaces.ts';
import { LISTED, openWorld, RETRY, startEgress, UNLISTED, type Egress, type ListOf, type World } from './world.ts';

export interface Fixture {
  readonly world: World;
  readonly egress: Egress;
  readonly gmail: string;
}

export const LISTED_443 = { name: LISTED, port: 443 } as const;

/** A suite against a real egress process between two namespaces; where there can be none it says why. */
export async function withEgress(name: string, lists: ListOf, suite: (at: () => Fixture) => void): Promise<void> {
  const found = await openWorld();
  if (typeof found === 'string') console.log(`${name}: not run: ${found}`);
  describe.skipIf(typeof found === 'string')(name, () => {
    const world = found as World;
    let egress: Egress | undefined;
    const at = (): Fixture => {
      if (egress === undefined) throw new Error('not started');
      return { world, egress, gmail: egress.socketOf('connector-gmail') };
    };
    beforeAll(async () => {
      egress = await startEgress(world, lists);
      await world.say({
        [LISTED]: { a: [[NET.listed4]] },
        [UNLISTED]: { a: [[NET.unlisted4]] },
        [RETRY]: { a: [[NET.retry4]] },
      });
    });
    beforeEach(async () => {
      await world.seen();
    });
    afterAll(async () => {
      await egress?.stop();
      world.close();
    });
    suite(at);
  });
}
