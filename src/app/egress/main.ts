import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HardshellError } from '../../contracts/index.ts';
import { EGRESS_LIMITS, parseEgressLists, serveEgress, systemResolver } from '../../egress/index.ts';
import { EventBook } from './event-book.ts';
import { serveEvents } from './serve-events.ts';

/** The only way out: one socket a client, each with the list that the supervisor wrote before this process began. */
async function main(): Promise<void> {
  const env = process.env;
  const lists = parseEgressLists(
    readFileSync(env['HARDSHELL_EGRESS_LISTS'] ?? '/var/run/egress-lists/lists.json', 'utf8'),
  );
  const sockets = env['HARDSHELL_EGRESS_SOCKETS'] ?? '/var/run/egress-bridges';
  const book = new EventBook();
  const open = { count: 0 };
  const events = await serveEvents(env['HARDSHELL_EGRESS_EVENTS'] ?? '/var/run/egress-events/events.sock', book);
  const listeners = await Promise.all(
    lists.clients.map(({ client, allow }) =>
      serveEgress({
        client,
        allow,
        path: join(sockets, client, 'egress.sock'),
        mode: 0o660,
        limits: EGRESS_LIMITS,
        makeResolver: () => systemResolver(lists.resolvers, EGRESS_LIMITS),
        open,
        onEvent: (event) => {
          book.add(event);
          process.stderr.write(`egress: ${JSON.stringify(event)}\n`);
        },
      }),
    ),
  );
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      void Promise.all([...listeners, events].map((each) => each.close())).finally(() => process.exit(0));
    });
  }
  process.stdout.write('egress: ready\n');
}

main().catch((error: unknown) => {
  process.stderr.write(`egress: ${error instanceof HardshellError ? error.message : 'cannot start'}\n`);
  process.exit(1);
});
