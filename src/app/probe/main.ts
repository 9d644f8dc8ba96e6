// Runs inside every zone before its program (`node --import`): a zone whose wall stands open ends before it has read a
// byte. The supervisor checks from outside what cannot be asked from inside.
import { EXIT_PROBE_FAILED, probeWall } from '../../isolation/index.ts';

const descriptor = process.env['HARDSHELL_FD'];
const found = await probeWall({
  expectedDescriptors: descriptor === undefined ? [] : [Number(descriptor)],
  hostNames: process.env['HARDSHELL_WALL'] === 'landlock',
  // Only the way out has one, and the supervisor's table alone says who that is.
  network: process.env['HARDSHELL_NETWORK'] === 'host' ? 'host' : 'none',
});
if (found.length > 0) {
  process.stderr.write(`hardshell: the wall of this zone stands open: ${found.join('; ')}\n`);
  process.exit(EXIT_PROBE_FAILED);
}
