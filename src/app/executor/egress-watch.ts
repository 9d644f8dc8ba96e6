import * as z from 'zod';
import { watchEgress, type EgressPosition } from '../../bridge/index.ts';
import { egressAuditEvent, type SubjectHash } from '../../contracts/index.ts';
import { sql, type Ledger } from '../../state/index.ts';

export interface RecordEgressOptions {
  readonly path: string;
  readonly ledger: Ledger;
  readonly subjectHash: SubjectHash;
  readonly fault: (where: string, cause: unknown) => void;
  readonly signal: AbortSignal;
}

const KEY = 'egress_position';
const positionSchema = z.strictObject({ run: z.string(), after: z.number().int().min(0) });

/**
 * Puts what the egress process says into the log until `signal`, over restarts of either side. A batch and the place
 * after it are one durable step, so that an executor that starts again records nothing twice.
 */
export async function recordEgress({ path, ledger, subjectHash, fault, signal }: RecordEgressOptions): Promise<void> {
  const from = readPosition(ledger);
  await watchEgress({
    path,
    ...(from === undefined ? {} : { from }),
    signal,
    onMissed: () => fault('egress', new Error('events were lost')),
    onEvents: async (events, position) => {
      const done = ledger.commit((tx) => {
        for (const event of events) tx.record(egressAuditEvent(event, subjectHash));
        const value = JSON.stringify(position);
        tx.run(
          sql
            .insertInto('meta')
            .values({ key: KEY, value })
            .onConflict((conflict) => conflict.column('key').doUpdateSet({ value })),
        );
      });
      // What is not on the disk is asked for again after the next start, which a failed disk needs anyway.
      await done.catch((cause: unknown) => fault('egress', cause));
    },
  });
}

function readPosition(ledger: Ledger): EgressPosition | undefined {
  const row = ledger.reader.get(sql.selectFrom('meta').select('value').where('key', '=', KEY));
  return row === undefined ? undefined : positionSchema.parse(JSON.parse(row.value));
}
