import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cutPayload, openMaildir, payloadDigest } from '../../src/connectors/index.ts';
import { tempFolder } from './support.ts';

const PAYLOAD = Buffer.from('{"from":"me@example.org","to":["ann@example.com"]}\nSubject: hi\r\n\r\nhello\r\n');
const WH = payloadDigest(PAYLOAD);
/** Durable steps of one act: two removals, write and sync twice, publish, sync, remove. */
const STEPS = 9;

function crash(
  path: string,
  step: number,
  when: 'before' | 'after',
): { signal: NodeJS.Signals | null; stdout: string } {
  const child = join(import.meta.dirname, 'crash-child.ts');
  return spawnSync(process.execPath, [child, path, String(step), when, PAYLOAD.toString('base64')], {
    encoding: 'utf8',
  });
}

describe('SIGKILL at every durable step of an act', () => {
  it.each(Array.from({ length: STEPS }, (_, i) => i + 1))(
    'step %i: sent once or known not to be sent',
    async (step) => {
      for (const when of ['before', 'after'] as const) {
        const path = tempFolder();
        expect(crash(path, step, when).signal).toBe('SIGKILL');
        const visible = readdirSync(join(path, 'out', 'new'));
        const provider = await openMaildir({ path });
        const found = await provider.reconcile({ jti: 'g_crash', wh: WH });
        // What reconcile says is what stands in the folder: never a guess, never half a mail.
        expect(found).toMatchObject(visible.length === 1 ? { state: 'succeeded', accepted: WH } : { state: 'absent' });
        const cut = cutPayload(PAYLOAD);
        if (cut === null) throw new Error('no payload');
        expect(await provider.perform({ jti: 'g_crash', wh: WH, ...cut })).toMatchObject({
          state: 'succeeded',
          accepted: WH,
        });
        expect(readdirSync(join(path, 'out', 'new'))).toEqual(['g_crash.hardshell']);
        expect(readdirSync(join(path, 'out', 'tmp'))).toEqual([]);
        provider.close();
      }
    },
    30_000,
  );

  it('has no further step', () => {
    const run = crash(tempFolder(), STEPS + 1, 'before');
    expect(run.signal).toBeNull();
    expect(JSON.parse(run.stdout)).toMatchObject({ state: 'succeeded' });
  });
});
