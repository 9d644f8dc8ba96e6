import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { createBubblewrapDriver, endStrays, nameMarker, zoneMarker } from '../../src/isolation/index.ts';

describe('what somebody else started for an instance', () => {
  const started: ChildProcess[] = [];
  afterEach(() => started.forEach((child) => child.kill('SIGKILL')));
  const start = async (...markers: string[]): Promise<ChildProcess> => {
    const env = Object.fromEntries(markers.map((marker) => marker.split('=') as [string, string]));
    const child = spawn('/bin/sleep', ['600'], { env });
    await new Promise((resolve) => child.once('spawn', resolve));
    started.push(child);
    return child;
  };
  const ended = (child: ChildProcess): Promise<unknown> =>
    child.signalCode === null ? new Promise((resolve) => child.once('exit', resolve)) : Promise.resolve();

  it('ends with its zone, halted or not, and nothing else does', async () => {
    const [one, other] = [randomBytes(8).toString('hex'), randomBytes(8).toString('hex')];
    const [halted, tried] = [await start(nameMarker(one)), await start(nameMarker(`${one}.escape-1`))];
    const strangers = [await start(nameMarker(other)), await start(nameMarker(`${one}2`))];
    halted.kill('SIGSTOP');
    expect(await endStrays(nameMarker(one))).toBe(true);
    await Promise.all([ended(halted), ended(tried)]);
    expect([halted, tried, ...strangers].map(({ signalCode }) => signalCode)).toEqual([
      'SIGKILL',
      'SIGKILL',
      null,
      null,
    ]);
  });

  it('ends with the driver of the instance, though no group holds it', async () => {
    const instance = randomBytes(4).toString('hex');
    const child = await start(zoneMarker(instance));
    const driver = createBubblewrapDriver({ instance, runtime: () => ({ node: process.execPath, libraries: [] }) });
    await driver.destroy();
    await ended(child);
    expect(child.signalCode).toBe('SIGKILL');
  });
});
