import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ARMED_BYTES, prepareHome, readArmed, rearm, voidArmed } from '../../src/state/index.ts';

describe('the armed record', () => {
  let base: string;
  let home: string;
  let armed: string;
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'hardshell-armed-'));
    home = join(base, 'home');
    prepareHome(home);
    armed = join(home, 'armed');
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));

  it('arms a first start with epoch 1', () => {
    expect(readArmed(home)).toMatchObject({ kind: 'armed', epoch: 1 });
    expect(readFileSync(armed)).toHaveLength(ARMED_BYTES);
  });

  it('means killed when it is deleted', () => {
    rmSync(armed);
    expect(readArmed(home)).toEqual({ kind: 'killed', reason: 'missing' });
  });

  it('means killed when it comes from another install, with or without its keys', () => {
    const other = join(base, 'other');
    prepareHome(other);
    copyFileSync(join(other, 'armed'), armed);
    expect(readArmed(home)).toEqual({ kind: 'killed', reason: 'foreign' });
    chmodSync(join(home, 'keys', 'instance.id'), 0o600);
    copyFileSync(join(other, 'keys', 'instance.id'), join(home, 'keys', 'instance.id'));
    expect(readArmed(home)).toEqual({ kind: 'killed', reason: 'forged' });
    expect(readArmed(other).kind).toBe('armed');
  });

  it('means killed when one from before a stop is put back', () => {
    const before = readFileSync(armed);
    const key = readFileSync(join(home, 'keys', 'armed.key'));
    voidArmed(home);
    writeFileSync(armed, before);
    // The stop has destroyed the key it would fit; and where that is put back too, the log has seen its epoch killed.
    expect(readArmed(home)).toEqual({ kind: 'killed', reason: 'no_key' });
    writeFileSync(join(home, 'keys', 'armed.key'), key, { mode: 0o400 });
    expect(readArmed(home, 2)).toEqual({ kind: 'killed', reason: 'older' });
    rearm(home, 2);
    writeFileSync(armed, before);
    expect(readArmed(home)).toEqual({ kind: 'killed', reason: 'forged' });
  });

  it('means killed when it is zeroed, cut, lengthened, a link or a directory', () => {
    const whole = readFileSync(armed);
    const attacks: [string, () => void][] = [
      ['voided', () => writeFileSync(armed, Buffer.alloc(ARMED_BYTES))],
      ['malformed', () => truncateSync(armed, ARMED_BYTES - 1)],
      ['malformed', () => writeFileSync(armed, '')],
      ['malformed', () => writeFileSync(armed, Buffer.concat([whole, Buffer.from(' ')]))],
      [
        'unreadable',
        () => {
          writeFileSync(join(base, 'copy'), whole);
          rmSync(armed);
          symlinkSync(join(base, 'copy'), armed);
        },
      ],
    ];
    for (const [reason, attack] of attacks) {
      rmSync(armed, { force: true });
      writeFileSync(armed, whole);
      expect(readArmed(home).kind).toBe('armed');
      attack();
      expect(readArmed(home)).toEqual({ kind: 'killed', reason });
    }
  });

  it('means killed when any one byte is another', () => {
    const whole = readFileSync(armed);
    fc.assert(
      fc.property(fc.nat({ max: ARMED_BYTES - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const altered = Buffer.from(whole);
        altered[at] = (altered[at] ?? 0) ^ change;
        writeFileSync(armed, altered);
        expect(readArmed(home).kind).toBe('killed');
      }),
      { numRuns: 300 },
    );
    writeFileSync(armed, whole);
    expect(readArmed(home).kind).toBe('armed');
  });

  it('means killed when it belongs to somebody else', ({ skip }) => {
    skip(process.getuid?.() !== 0, 'only root can give a file away');
    spawnSync('chown', ['65534', armed]);
    expect(readArmed(home)).toEqual({ kind: 'killed', reason: 'wrong_owner' });
  });

  it('is voided without a key, and again, and where it is missing', () => {
    rmSync(join(home, 'keys', 'armed.key'));
    expect(voidArmed(home)).toEqual({ ok: true, how: 'overwritten' });
    expect(readFileSync(armed)).toEqual(Buffer.alloc(ARMED_BYTES));
    expect(voidArmed(home).ok).toBe(true);
    rmSync(armed);
    expect(voidArmed(home)).toEqual({ ok: true, how: 'already_void' });
  });

  it('is voided through no link', () => {
    const bait = join(base, 'bait');
    writeFileSync(bait, 'precious');
    rmSync(armed);
    symlinkSync(bait, armed);
    expect(voidArmed(home).ok).toBe(true);
    expect(readFileSync(bait, 'utf8')).toBe('precious');
    expect(readArmed(home).kind).toBe('killed');
  });

  it('releases the space that was kept back', () => {
    expect(existsSync(join(home, 'reserve'))).toBe(true);
    voidArmed(home);
    expect(existsSync(join(home, 'reserve'))).toBe(false);
  });

  it('is voided on a full disk', ({ skip }) => {
    skip(process.getuid?.() !== 0, 'a small disk needs root to mount');
    const disk = join(base, 'disk');
    const script = `mkdir -p ${disk} && mount -t tmpfs -o size=2m tmpfs ${disk} && exec "$0" "$1" ${disk}/home`;
    const ran = spawnSync(
      'unshare',
      ['-m', 'sh', '-c', script, process.execPath, join(import.meta.dirname, 'full-disk.ts')],
      { encoding: 'utf8' },
    );
    expect(ran.stderr).toBe('');
    expect(JSON.parse(ran.stdout)).toEqual({
      before: 'armed',
      refused: 'ENOSPC',
      voided: 'overwritten',
      after: 'voided',
    });
  });

  it('is armed again in a later epoch only by `rearm`', () => {
    voidArmed(home);
    rearm(home, 2);
    expect(readArmed(home, 2)).toMatchObject({ kind: 'armed', epoch: 2 });
    rmSync(armed);
    rearm(home, 3);
    expect(readArmed(home, 3)).toMatchObject({ kind: 'armed', epoch: 3 });
  });
});
