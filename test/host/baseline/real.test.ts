import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  BASELINE_ITEMS,
  openMachine,
  takeBaseline,
  type BaselineEntry,
  type Machine,
} from '../../../src/host/index.ts';
import { SUBJECT } from '../support.ts';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('NOT PROVEN HERE: real mounts and real firewall rules can be made by root only');

const folder = mkdtempSync(join(tmpdir(), 'hs-baseline-'));
const NETWORK = `hsb-${process.pid}`;
const real = openMachine();

function must(command: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
}

async function look(id: string, home: string, machine: Machine = real): Promise<BaselineEntry> {
  const items = BASELINE_ITEMS.filter((item) => item.id === id);
  const [entry] = (await takeBaseline({ machine, subject: { ...SUBJECT, home }, items })).entries;
  if (entry === undefined) throw new Error(id);
  return entry;
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('this machine', () => {
  it('answers each item with evidence, and names nothing that is not there', async () => {
    const { entries } = await takeBaseline({
      machine: real,
      subject: { ...SUBJECT, home: folder, userHome: folder },
      items: BASELINE_ITEMS,
    });
    const here = BASELINE_ITEMS.filter(({ systems }) => systems.includes(real.system));
    expect(entries.map(({ id }) => id)).toEqual(here.map(({ id }) => id));
    for (const { id, verdict, remedy, evidence, found } of entries) {
      expect(found, id).not.toBe('');
      expect(remedy === '', id).toBe(verdict === 'pass');
      expect(evidence.length, id).toBeGreaterThan(0);
    }
  });

  it('finds commands in the folders of the system, whoever set PATH', async () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'readlink'), '#!/bin/sh\necho /tmpfs-of-an-attacker\n', { mode: 0o755 });
    const before = process.env['PATH'];
    process.env['PATH'] = bin;
    try {
      expect(await real.run('readlink', ['-f', '--', folder])).toMatchObject({
        kind: 'ran',
        code: 0,
        out: `${folder}\n`,
      });
      expect(await real.run('no-such-command', [])).toEqual({ kind: 'absent' });
      expect(await real.run('sh', ['-c', 'exit 7'])).toMatchObject({ kind: 'ran', code: 7 });
    } finally {
      process.env['PATH'] = before;
    }
  });

  it('does not wait at a pipe, and tells absent from closed', async () => {
    const pipe = join(folder, 'pipe');
    must('mkfifo', pipe);
    expect(await real.readFile(pipe)).toMatchObject({ kind: 'text', text: '' });
    expect(await real.readFile(join(folder, 'absent'))).toEqual({ kind: 'absent' });
    expect(await real.readFile(folder)).toMatchObject({ kind: 'unreadable', why: 'EISDIR' });
    expect(await real.list(join(folder, 'absent'))).toEqual({ kind: 'absent' });
  });
});

describe.runIf(isRoot)('real storage', () => {
  const mount = join(folder, 'mount');
  // FS_IOC_SET_ENCRYPTION_POLICY with a policy of version 1: AES-256 for contents and names, a key that nobody has.
  const encrypt = `import fcntl, os
fcntl.ioctl(os.open(${JSON.stringify(join(mount, 'secret'))}, os.O_RDONLY), 0x800c6613, bytes([0, 1, 4, 3]) + b'12345678')`;

  beforeAll(() => {
    const image = join(folder, 'disk.img');
    writeFileSync(image, '');
    truncateSync(image, 16 * 1_048_576);
    must('mkfs.ext4', '-q', '-O', 'encrypt', image);
    mkdirSync(mount);
    must('mount', '-o', 'loop', image, mount);
    for (const name of ['secret', 'open']) mkdirSync(join(mount, name));
    must('python3', '-c', encrypt);
  });
  afterAll(() => must('umount', mount));

  it('is followed from a loop device to the disk that its file lies on', async () => {
    const below = await look('disk-encryption', folder);
    const above = await look('disk-encryption', join(mount, 'open'));
    expect(above.verdict).toBe(below.verdict);
    expect(above.evidence.map(({ said }) => said).join('\n')).toContain('disk.img');
    // The evidence ends where that of the file's own folder ends.
    expect(above.evidence.at(-1)).toEqual(below.evidence.at(-1));
  });

  it('is encrypted where fscrypt encrypts a folder of it, and only there', async () => {
    expect(await look('disk-encryption', join(mount, 'secret'))).toMatchObject({
      verdict: 'pass',
      found: expect.stringContaining('fscrypt'),
    });
  });

  it('is memory on a tmpfs', async () => {
    expect(await look('disk-encryption', '/dev/shm')).toMatchObject({
      verdict: 'pass',
      found: expect.stringContaining('in memory'),
    });
  });
});

describe.runIf(isRoot)('real firewall rules', () => {
  /** This machine as a process in that network namespace sees it. */
  const inside: Machine = {
    ...real,
    run: (command, args) => real.run('ip', ['netns', 'exec', NETWORK, command, ...args]),
  };
  const rules = (text: string): void => must('ip', 'netns', 'exec', NETWORK, 'nft', text);

  beforeAll(() => must('ip', 'netns', 'add', NETWORK));
  afterAll(() => must('ip', 'netns', 'del', NETWORK));

  it('pass when they refuse by default, and not before', async () => {
    expect((await look('firewall', folder, inside)).verdict).toBe('fail');
    rules('add table inet t');
    rules('add chain inet t in { type filter hook input priority 0; policy accept; }');
    expect((await look('firewall', folder, inside)).verdict).toBe('fail');
    rules('add rule inet t in counter drop');
    expect((await look('firewall', folder, inside)).verdict).toBe('pass');
    rules('flush chain inet t in');
    rules('chain inet t in { policy drop; }');
    expect((await look('firewall', folder, inside)).verdict).toBe('pass');
    rules('delete table inet t');
    expect((await look('firewall', folder, inside)).verdict).toBe('fail');
  });
});
