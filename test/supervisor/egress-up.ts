// `up` with servers to reach, as whoever holds credentials would name them: `egress-up.ts CHECKOUT CLIENTS`.
import type { EgressLists } from '../../src/contracts/index.ts';
import { up } from '../../src/app/supervisor/up.ts';
import { closeInheritedDescriptors } from '../../src/isolation/index.ts';

closeInheritedDescriptors();
const [checkout = '', clients = '[]'] = process.argv.slice(2);
const result = await up({
  home: process.env['HARDSHELL_HOME'] ?? '',
  deployment: 'checkout',
  checkout,
  node: process.execPath,
  tell: (sentence) => console.log(sentence),
  egressClients: JSON.parse(clients) as EgressLists['clients'],
});
if (result.kind === 'running') throw new Error('it runs already');
const { supervisor, lock } = result;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void supervisor.stopAll('asked'));
try {
  await Promise.race([supervisor.ready, supervisor.ended]);
  console.log('Ctrl-C stops everything.');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  await supervisor.stopAll('start_failed');
}
process.exitCode = (await supervisor.ended) === 'asked' ? 0 : 1;
lock.release();
