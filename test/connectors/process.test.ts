import { spawn } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { payloadDigest } from '../../src/connectors/index.ts';
import { defer, tempFolder, TestExecutor } from './support.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'app', 'connector', 'main.ts');

function start(
  connector: string,
  folder: string,
): { executor: TestExecutor; exited: Promise<number | null>; stderr: () => string } {
  const child = spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, HARDSHELL_CONNECTOR: connector, HARDSHELL_FOLDER: folder },
  });
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  defer(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return { executor: new TestExecutor(child.stdio[3] as unknown as Socket), exited, stderr: () => stderr };
}

describe('the connector as a process', () => {
  it('takes mail in and sends over the inherited socket, and ends when its executor is gone', async () => {
    const mail = tempFolder();
    const { executor, exited } = start('maildir', mail);
    await executor.ready();
    const waiting = executor.fetch({ wait_ms: 20_000 });
    writeFileSync(join(mail, 'x'), 'Subject: hello\r\n\r\n');
    renameSync(join(mail, 'x'), join(mail, 'in', 'x.eml'));
    expect((await waiting).messages.map((message) => message.bytes.toString())).toEqual(['Subject: hello\r\n\r\n']);
    const payload = Buffer.from('{"from":"a@example.org","to":["b@example.org"]}\nSubject: x\r\n\r\ny\r\n');
    expect(await executor.perform('g_one', payload)).toMatchObject({
      state: 'succeeded',
      accepted: payloadDigest(payload),
    });
    executor.connection.end();
    expect(await exited).toBe(0);
  }, 30_000);

  it('refuses a provider that this build does not have', async () => {
    const { exited, stderr } = start('gmail', tempFolder());
    expect(await exited).toBe(2);
    expect(stderr()).toContain('unknown provider');
  });

  it('ends with a code and no text of the message when the executor is out of step', async () => {
    const { executor, exited, stderr } = start('maildir', tempFolder());
    await executor.ready();
    executor.connection.send({ type: 'delete_everything', id: '1', note: 'SECRET' });
    expect(await exited).toBe(1);
    expect(stderr()).toContain('malformed');
    expect(stderr()).not.toContain('SECRET');
  });
});
