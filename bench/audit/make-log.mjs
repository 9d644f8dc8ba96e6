// Makes a log of n entries as an instance would write them, without waiting for the disk at each.
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createHmac } from 'node:crypto';
import { Chain, EMPTY } from '../../src/audit/index.ts';

const id = (i) => createHmac('sha256', 'bench').update(String(i)).digest('hex').slice(0, 32);

/** The straight line of one mail, over and over: what a log mostly holds. */
export function event(i) {
  const session = id(Math.floor(i / 10));
  const subject = id(i);
  const common = { zone: 'zone1-executor', session, action: 'send_email', subject };
  switch (i % 5) {
    case 0:
      return {
        event: 'item_received',
        zone: 'connector',
        subject,
        details: { channel: 'email', bytes: 4096 + (i % 999) },
      };
    case 1:
      return {
        ...common,
        event: 'capability_requested',
        details: { params: id(i + 1), references: 1, influenced: true },
      };
    case 2:
      return { ...common, event: 'approval_answered', details: { verdict: 'approved', method: 'passkey' } };
    case 3:
      return { ...common, event: 'intent', details: { payload: id(i + 2), bytes: 2048, delay_ms: 10_000 } };
    default:
      return { ...common, event: 'outcome', details: { outcome: 'succeeded', reason: 'ok' } };
  }
}

export function makeLog(dir, entries) {
  mkdirSync(dir, { recursive: true });
  const fd = openSync(join(dir, 'audit.jsonl'), 'w', 0o600);
  const chain = new Chain({ head: EMPTY, mode: 'F', wallMs: () => 1_790_000_000_000 });
  let batch = '';
  for (let i = 0; i < entries; i++) {
    batch += `${chain.next(event(i))}\n`;
    if (batch.length > 1 << 20) {
      writeSync(fd, batch);
      batch = '';
    }
  }
  writeSync(fd, batch);
  closeSync(fd);
}
