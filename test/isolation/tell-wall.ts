// What `findWall` finds where this process runs, as JSON; with `/nowhere`, where bubblewrap is not installed.
import { findBubblewrap, findWall } from '../../src/isolation/index.ts';

console.log(JSON.stringify(await findWall(process.argv[2] === '/nowhere' ? undefined : findBubblewrap())));
