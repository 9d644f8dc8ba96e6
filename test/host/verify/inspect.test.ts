import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { inspectZone } from '../../../src/host/index.ts';

let wall: ChildProcess | undefined;
afterEach(() => {
  wall?.kill('SIGKILL');
  wall = undefined;
});

const BARE = ['--die-with-parent', '--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--unshare-pid'];

/** A program below a sandbox as bubblewrap builds it; resolves with the pid of its first process. */
async function start(...flags: readonly string[]): Promise<number> {
  wall = spawn('bwrap', [...BARE, ...flags, '--', 'sleep', '60'], { stdio: 'ignore' });
  const { pid } = wall;
  if (pid === undefined) throw new Error('bubblewrap did not start');
  for (let waited = 0; waited < 500 && inspectZone(pid)?.program.endsWith('/sleep') !== true; waited++) await sleep(10);
  return pid;
}

describe('a zone seen from outside', () => {
  it('shows the program, and that it is alone without a way out', async () => {
    const pid = await start('--unshare-all', '--cap-drop', 'ALL');
    expect(inspectZone(pid)).toMatchObject({
      program: expect.stringMatching(/\/sleep$/),
      state: 'S',
      shared: [],
      noNewPrivs: '1',
      capEff: '0000000000000000',
      interfaces: ['lo'],
      routes: 0,
    });
  });

  it('shows a wall without a network of its own, and the routes that lead out of it', async () => {
    const pid = await start();
    const seen = inspectZone(pid);
    expect(seen?.shared).toContain('net');
    const own = readFileSync('/proc/self/net/dev', 'utf8').split('\n').slice(2).filter(Boolean);
    expect(seen?.interfaces).toHaveLength(own.length);
    expect(seen?.seccomp).toBe('0');
  });

  it('is nothing where the program is gone, and where there never was one', async () => {
    const pid = await start('--unshare-all');
    const program = inspectZone(pid)?.pid ?? -1;
    process.kill(program, 'SIGKILL');
    for (let waited = 0; waited < 500 && inspectZone(pid) !== null; waited++) await sleep(10);
    expect(inspectZone(pid)).toBeNull();
    expect(inspectZone(2 ** 30)).toBeNull();
  });
});
