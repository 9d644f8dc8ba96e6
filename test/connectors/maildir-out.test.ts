import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeFiles, openMaildir, payloadDigest, type OutboxFiles } from '../../src/connectors/index.ts';
import { connect, tempFolder, type TestExecutor } from './support.ts';

const JTI = 'g_aaaaaaaaaaaaaaaaaaaaaaaaaa';
const PAYLOAD = Buffer.from(
  `{"from":"me@example.org","to":["ann@example.com"]}\nSubject: hi\r\n\r\n${'hello '.repeat(500)}\r\n`,
);
const WH = payloadDigest(PAYLOAD);
const MIME = PAYLOAD.subarray(PAYLOAD.indexOf(10) + 1);

async function start(
  files: Partial<OutboxFiles> = {},
  path = tempFolder(),
): Promise<{ out: string; path: string; executor: TestExecutor }> {
  const { executor } = await connect(await openMaildir({ path, files: { ...nodeFiles, ...files } }));
  return { out: join(path, 'out'), path, executor };
}

const sent = (out: string): string[] => readdirSync(join(out, 'new'));

describe('sending', () => {
  it('writes exactly the approved bytes and answers with the digest of what it reads back', async () => {
    const { out, executor } = await start();
    expect(await executor.perform(JTI, PAYLOAD)).toMatchObject({ jti: JTI, state: 'succeeded', accepted: WH });
    expect(sent(out)).toEqual([`${JTI}.hardshell`]);
    expect(readFileSync(join(out, 'new', `${JTI}.hardshell`)).equals(MIME)).toBe(true);
    expect(JSON.parse(readFileSync(join(out, 'envelopes', `${JTI}.json`), 'utf8'))).toEqual({
      from: 'me@example.org',
      to: ['ann@example.com'],
    });
    expect(readdirSync(join(out, 'tmp'))).toEqual([]);
  });

  it('does an act once, however often it is asked', async () => {
    const { out, executor } = await start();
    for (let i = 0; i < 3; i++)
      expect(await executor.perform(JTI, PAYLOAD)).toMatchObject({ state: 'succeeded', accepted: WH });
    expect(sent(out)).toHaveLength(1);
  });

  it('refuses bytes whose digest is not the approved one and writes nothing', async () => {
    const { out, executor } = await start();
    const other = Buffer.from(PAYLOAD);
    other[other.length - 3] = 0x58;
    expect(await executor.perform(JTI, other, WH)).toMatchObject({ state: 'failed', reason: 'mismatch' });
    expect([...sent(out), ...readdirSync(join(out, 'tmp')), ...readdirSync(join(out, 'envelopes'))]).toEqual([]);
  });

  it('refuses a grant id that could be a path', async () => {
    const { path, executor } = await start();
    expect(await executor.perform('../../../evil', PAYLOAD)).toMatchObject({ state: 'failed', reason: 'refused' });
    expect(await executor.reconcile('../x', WH)).toMatchObject({ state: 'absent' });
    expect(readdirSync(path).sort()).toEqual(['in', 'out']);
  });

  it('does not overwrite or follow what was planted under the name of an act', async () => {
    const { out, executor } = await start();
    writeFileSync(join(out, 'new', `${JTI}.hardshell`), 'planted');
    expect(await executor.perform(JTI, PAYLOAD)).toMatchObject({ state: 'unknown', reason: 'mismatch' });
    expect(readFileSync(join(out, 'new', `${JTI}.hardshell`), 'utf8')).toBe('planted');
  });

  it('ends the connection when a payload is out of step', async () => {
    const path = tempFolder();
    const { executor, served } = await connect(await openMaildir({ path }));
    executor.connection.send({ type: 'perform', id: '1', jti: JTI, wh: WH, bytes: 10 });
    executor.connection.send({ type: 'payload_chunk', id: '1', seq: 1, data: 'aGVsbG8=' });
    await executor.closed;
    expect(await served).toMatchObject({ code: 'malformed', fate: 'stop' });
    expect(readdirSync(join(path, 'out', 'new'))).toEqual([]);
  });
});

describe('reconciling', () => {
  it('tells sent, not sent, changed and taken away apart', async () => {
    const { out, executor } = await start();
    expect(await executor.reconcile(JTI, WH)).toMatchObject({ state: 'absent', reason: 'not_found' });
    await executor.perform(JTI, PAYLOAD);
    expect(await executor.reconcile(JTI, WH)).toMatchObject({ state: 'succeeded', accepted: WH });
    expect(await executor.reconcile(JTI, 'f'.repeat(64))).toMatchObject({
      state: 'unknown',
      reason: 'mismatch',
      accepted: WH,
    });
    renameSync(join(out, 'new', `${JTI}.hardshell`), join(out, 'cur', `${JTI}.hardshell:2,S`));
    expect(await executor.reconcile(JTI, WH)).toMatchObject({ state: 'succeeded' });
    rmSync(join(out, 'cur', `${JTI}.hardshell:2,S`));
    expect(await executor.reconcile(JTI, WH)).toMatchObject({ state: 'unknown' });
    expect(await executor.perform(JTI, PAYLOAD)).toMatchObject({ state: 'unknown' });
    expect(sent(out)).toEqual([]);
  });
});

describe('a disk that fails', () => {
  const full = (): Promise<never> => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }));
  const broken = (): Promise<never> => Promise.reject(Object.assign(new Error('broken'), { code: 'EIO' }));

  it('leaves nothing half visible when it is full, and the next attempt succeeds', async () => {
    let fail = true;
    const writeNew: OutboxFiles['writeNew'] = async (path, bytes) => {
      if (fail && path.includes('envelopes')) return full();
      return nodeFiles.writeNew(path, bytes);
    };
    const { out, executor } = await start({ writeNew });
    expect(await executor.perform(JTI, PAYLOAD)).toMatchObject({ state: 'failed', reason: 'disk_full' });
    expect([...sent(out), ...readdirSync(join(out, 'tmp')), ...readdirSync(join(out, 'envelopes'))]).toEqual([]);
    fail = false;
    expect(await executor.perform(JTI, PAYLOAD)).toMatchObject({ state: 'succeeded' });
  });

  it('says failed when the mail could not be made visible, and unknown when it was but the disk then failed', async () => {
    const first = await start({ publish: broken });
    expect(await first.executor.perform(JTI, PAYLOAD)).toMatchObject({ state: 'failed', reason: 'io' });
    expect(sent(first.out)).toEqual([]);
    // Done, but reported as not done.
    const second = await start({
      publish: async (from, to) => void (await nodeFiles.publish(from, to), await broken()),
    });
    expect(await second.executor.perform(JTI, PAYLOAD)).toMatchObject({ state: 'unknown', reason: 'io' });
    expect(await second.executor.reconcile(JTI, WH)).toMatchObject({ state: 'succeeded' });
    const third = await start({
      syncFolder: async (path) => (path.endsWith('new') ? broken() : nodeFiles.syncFolder(path)),
    });
    expect(await third.executor.perform(JTI, PAYLOAD)).toMatchObject({ state: 'unknown', reason: 'io' });
  });

  it('falls back to renaming where the disk knows no second names', async () => {
    const publish: OutboxFiles['publish'] = async (from, to) => renameSync(from, to);
    const { out, executor } = await start({ publish });
    expect(await executor.perform(JTI, PAYLOAD)).toMatchObject({ state: 'succeeded', accepted: WH });
    expect(existsSync(join(out, 'tmp', JTI))).toBe(false);
  });
});
