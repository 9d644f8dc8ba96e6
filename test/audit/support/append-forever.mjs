// A process that appends until it is killed: outbox file first (standing in for the database), then the log, then it
// says how far it is durable. Run by crash.test.ts.
import { fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Chain, createLog, EMPTY } from '../../../src/audit/index.ts';

const dir = process.argv[2] ?? '';
const log = await createLog(join(dir, 'audit'), { segmentBytesMax: Number(process.argv[3] ?? 4000) });
const chain = new Chain({ head: EMPTY, mode: 'U', wallMs: Date.now });
const outbox = openSync(join(dir, 'outbox'), 'w');
for (let n = 0; ; n++) {
  const lines = Array.from({ length: 1 + (n % 5) }, () =>
    chain.next({ event: 'armed', zone: 'control', details: { epoch: n } }),
  );
  writeSync(outbox, `${lines.join('\n')}\n`);
  fdatasyncSync(outbox);
  await log.append(lines);
  writeSync(1, `${log.head().seq}\n`);
}
