// Runs as root of a Linux machine that carries one zone of another computer (OrbStack on a Mac): builds the wall there
// and carries the zone's sockets over standard streams. Also run by hand, it does nothing but say how it went.
import { killGuest, probeGuest, serveGuest } from '../../isolation/index.ts';

const [duty, instance = ''] = process.argv.slice(2);
if (!/^[0-9a-f]{8}$/.test(instance)) fail('the second argument is the eight digits of an instance');
switch (duty) {
  case 'serve':
    await serveGuest(instance);
    process.exit(0);
    break;
  case 'probe':
    process.stdout.write(`${JSON.stringify(await probeGuest(instance))}\n`);
    break;
  case 'kill':
    process.stdout.write(`${await killGuest(instance)}\n`);
    break;
  default:
    fail('the first argument is `serve`, `probe` or `kill`');
}

function fail(sentence: string): never {
  process.stderr.write(`hardshell zone guest: ${sentence}\n`);
  process.exit(2);
}
