// What `findWall` finds where this process runs, as JSON.
import { findBubblewrap, findWall } from '../../src/isolation/index.ts';

console.log(JSON.stringify(await findWall(findBubblewrap() ?? '')));
