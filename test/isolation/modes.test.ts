import { spawn } from 'node:child_process';
import { readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  findBubblewrap,
  findLandlock,
  findWall,
  listLibraries,
  mayUnshare,
  type Wall,
} from '../../src/isolation/index.ts';
import { withoutNamespaces } from '../support/without-namespaces.ts';
import { evaluateInZone, isRoot, openBench, runZone, specOf, type Bench } from './support.ts';

const STATUS = `import fs from 'node:fs';
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  const field = (name) => new RegExp('^' + name + ':\\\\s*(.*)$', 'm').exec(status)[1];
  const code = (act) => { try { act(); return 'open'; } catch (error) { return error.code; } };
  console.log(JSON.stringify({
    uid: process.getuid(), groups: process.getgroups(),
    caps: ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map(field), seccomp: field('Seccomp'), noNewPrivs: field('NoNewPrivs'),
    root: code(() => process.setuid(0)), first: process.pid, host: code(() => fs.readFileSync('/etc/shadow')),
    tmp: code(() => fs.writeFileSync('/tmp/x', '')), planted: code(() => fs.writeFileSync('/planted', '')),
  }));`;

describe('the mode of this machine', () => {
  it('is F for root and U for an ordinary user', async () => {
    const found = await findWall(findBubblewrap() ?? '');
    expect(found).toMatchObject({ ok: true, wall: { mode: isRoot ? 'F' : 'U', proc: true }, degraded: [] });
  });

  it('is told as none, with what to do, where no wall can stand', async () => {
    expect(await findWall('/bin/false')).toMatchObject({ ok: false, remedy: expect.stringMatching(/.+/) as string });
  });

  it.runIf(isRoot)(
    'is L where neither root nor an ordinary user may make any namespace, installed bubblewrap or not',
    async () => {
      for (const uid of [0, 65_534]) {
        expect(await findWallWithout(uid)).toMatchObject({ ok: true, wall: { kind: 'landlock', mode: 'L' } });
        expect(await findWallWithout(uid, '', '/nowhere')).toMatchObject({ ok: true, wall: { mode: 'L' } });
      }
      // Where namespaces work it is never L: what is missing is to be installed.
      expect(await findWall(undefined)).toMatchObject({ ok: false, reason: 'bubblewrap is not installed' });
      expect([await mayUnshare(), (await findLandlock()).ok]).toEqual([true, true]);
    },
  );

  it.runIf(isRoot)('is none where Landlock cannot be used either, and both remedies are told', async () => {
    // A program of ours cannot be executed from there, so no launcher could.
    const noexec = 'mount -t tmpfs -o noexec,mode=1777 none /mnt; export TMPDIR=/mnt;';
    const found = await findWallWithout(65_534, noexec);
    expect(found).toMatchObject({
      ok: false,
      remedy: expect.stringMatching(/max_user_namespaces.*; or set TMPDIR/) as string,
    });
  });

  it.runIf(isRoot)('is R where root may make no user namespaces', async () => {
    expect(await findWallWhere('echo 0 > /proc/sys/user/max_user_namespaces;')).toMatchObject({ wall: { mode: 'R' } });
    expect(await findWallWhere('')).toMatchObject({ ok: true, wall: { mode: 'F' } });
  });
});

/** What `findWall` finds where no namespaces can be made. */
async function findWallWithout(uid: number, before = '', bwrap?: string): Promise<unknown> {
  const tell = [process.execPath, join(import.meta.dirname, 'tell-wall.ts'), ...(bwrap === undefined ? [] : [bwrap])];
  const child = await withoutNamespaces(tell, { uid, before });
  const [out, err] = await Promise.all([child.stdout, child.stderr].map((stream) => text(stream ?? Readable.from([]))));
  if (out === '') throw new Error(err);
  return JSON.parse(out ?? '') as unknown;
}

/** What `findWall` finds in a user namespace of its own, in which root is root and `before` was done. */
async function findWallWhere(before: string): Promise<unknown> {
  // Root of the new namespace is root from the first program on that starts once its ids are mapped.
  const script = `read go; exec setpriv --reuid 0 --regid 0 --clear-groups "$@"`;
  const tell = [process.execPath, join(import.meta.dirname, 'tell-wall.ts')];
  const command = ['/bin/sh', '-ec', `${before} exec "$@"`, 'sh', ...tell];
  const child = spawn('unshare', ['--user', '--', '/bin/sh', '-c', script, 'sh', ...command]);
  const [out, err] = [child.stdout, child.stderr].map((stream) => text(stream));
  while (readlinkSync(`/proc/${child.pid}/ns/user`) === readlinkSync('/proc/self/ns/user')) await sleep(5);
  for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${child.pid}/${map}`, '0 0 100000');
  child.stdin.end('go\n');
  const found = await out;
  if (found === '') throw new Error(await err);
  return JSON.parse(found ?? '') as unknown;
}

describe.runIf(isRoot)('a zone in mode R', () => {
  let bench: Bench;
  let wall: Wall;
  beforeAll(async () => {
    const path = '/usr/bin/setpriv';
    wall = { kind: 'root', mode: 'R', proc: true, stepDown: { path, libraries: await listLibraries(path) } };
    bench = await openBench(undefined, wall);
  });
  afterAll(() => bench.close());

  it('has stepped down for good: its uid, no capability of any kind, no way back', async () => {
    expect(await evaluateInZone(bench.driver, STATUS)).toEqual({
      uid: 61_499,
      groups: [61_499],
      caps: Array.from({ length: 5 }, () => '0000000000000000'),
      seccomp: '2',
      noNewPrivs: '1',
      root: 'EPERM',
      first: 1,
      host: 'ENOENT',
      tmp: 'open',
      planted: 'EROFS',
    });
  });

  it('is checked from outside like any other: a step down that does not step down is refused', async () => {
    const stays: Wall = {
      ...(wall as Extract<Wall, { kind: 'root' }>),
      stepDown: { path: '/usr/bin/node', libraries: [] },
    };
    // Node in the place of setpriv does not understand its arguments and ends: nothing runs as root.
    const other = await openBench(undefined, stays);
    try {
      await expect(runZone(other.driver, specOf(['-e', '0']))).rejects.toThrow(/ended while it started|not walled in/);
    } finally {
      await other.close();
    }
  });
});

if (!isRoot) console.warn('mode R was not run: it is a mode of root, and these tests run as an ordinary user');
