// A new TLS connection through the egress process, from nothing to the server's first byte, against the same connection
// made directly; then bytes through an open one. Two network namespaces, one run.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { LISTED, openWorld, startEgress } from '../../test/egress/lab/world.ts';
import { NET } from '../../test/egress/lab/namespaces.ts';
import { median, quantile, range } from '../support/measure.ts';

interface Pairs {
  readonly ours: number[];
  readonly peer: number[];
  readonly ratio: number[];
}

const world = await openWorld();
if (typeof world === 'string') console.log(`egress: not run: ${world}`);
else {
  const egress = await startEgress(world, { 'connector-gmail': [{ name: LISTED, port: 443 }] });
  await world.say({ [LISTED]: { a: [[NET.listed4]] } });
  const [first, ...rest] = world.spaces.command('ours', [
    ...[process.execPath, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'client.ts')],
    ...[egress.socketOf('connector-gmail'), NET.listed4, LISTED, join(world.directory, 'cert.pem')],
    process.env['ROUNDS'] ?? '30',
  ]);
  const { stdout, stderr } = spawnSync(first, rest, { encoding: 'utf8', timeout: 300_000 });
  await egress.stop();
  world.close();
  if (stdout === '') console.log(`egress: not measured: ${stderr}`);
  else {
    const { opened, flowed } = JSON.parse(stdout) as { opened: Pairs; flowed: Pairs };
    console.log(
      `new TLS connection: ${median(opened.ratio).toFixed(2)} x of a direct one (${range(opened.ratio)}); ` +
        `${median(opened.ours).toFixed(2)} ms against ${median(opened.peer).toFixed(2)} ms, name resolved each time; ` +
        `p90 ${quantile(opened.ours, 0.9).toFixed(2)} ms against ${quantile(opened.peer, 0.9).toFixed(2)} ms`,
    );
    console.log(
      `bytes through an open one, there and back: ${median(flowed.ratio).toFixed(2)} x of direct (${range(flowed.ratio)}); ` +
        `${median(flowed.ours).toFixed(0)} MiB/s against ${median(flowed.peer).toFixed(0)} MiB/s`,
    );
  }
}
