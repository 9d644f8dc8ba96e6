import { describe, expect, it } from 'vitest';
import { buildElf, CODE_ADDRESS, dataAddress } from '../../../src/isolation/escape/elf.ts';
import { interpreterFor } from '../../../src/isolation/escape/machine.ts';
import { callNumber } from '../../../src/isolation/escape/numbers.ts';
import { buildProgram, type Answers, type Section } from '../../../src/isolation/escape/program.ts';
import {
  bytes,
  call,
  chain,
  firstOf,
  forking,
  into,
  jump,
  kept,
  label,
  minus,
  peek,
  plus,
  poke,
  result,
  scratch,
  set,
  text,
  words,
  type Step,
} from '../../../src/isolation/escape/steps.ts';
import { inChild } from '../../../src/isolation/escape/attempts/common.ts';
import { NONCE, RUNNERS, runProgram } from './run.ts';

const ARCHES = ['x86_64', 'aarch64'] as const;
const AT_FDCWD = -100;

// The one for this machine runs on it, the other one under qemu-user: both execute every operation below.
describe.each(ARCHES)('a generated program for %s', (arch) => {
  const run = (steps: readonly Step[]): Answers => {
    const { status, answers } = runProgram(arch, [{ id: 'it', steps }]);
    const own = answers?.get('it');
    if (own === undefined) throw new Error(`it ended with ${status} and no answers`);
    return own;
  };

  it('makes calls, hands results on and keeps what was read', () => {
    const answers = run(
      chain(
        into('fd', 'openat', AT_FDCWD, text('/proc/self/comm'), 0),
        call('read', result('fd'), kept('name', 64), 64),
      ),
    );
    expect(answers.number('fd')).toBe(3);
    expect(answers.bytes('name').toString('latin1').replaceAll('\0', '')).toMatch(/^(?:program|qemu-.*)\n$/);
  });

  it('gives errors as negative numbers, and stops a chain at the first', () => {
    const answers = run(chain(call('openat', AT_FDCWD, text('/nowhere'), 0), into('later', 'getpid')));
    expect([answers.number('answer'), answers.number('later')]).toEqual([-2, undefined]);
  });

  it('takes all six arguments in their order', () => {
    // mmap refuses an offset that is no multiple of a page, and a length of nothing: the fifth and sixth are seen.
    const answers = run([
      into('mapped', 'mmap', 0, 65_536, 3, 0x22, -1, 0),
      into('sixth', 'mmap', 0, 65_536, 3, 0x22, -1, 1),
      into('second', 'mmap', 0, 0, 3, 0x22, -1, 0),
      into('fifth', 'mmap', 0, 65_536, 3, 0x2, 999, 0),
      poke(result('mapped'), 77),
      peek('read back', result('mapped')),
    ]);
    expect(answers.number('mapped')).toBeGreaterThan(0);
    expect(['sixth', 'second', 'fifth', 'read back'].map(answers.number)).toEqual([-22, -22, -9, 77]);
  });

  it('adds, subtracts and goes round until it is done', () => {
    const answers = run([
      set('sum', 0),
      set('left', -5),
      label('again'),
      plus('sum', result('sum'), 3),
      plus('left', result('left'), 1),
      jump('again', 'negative', result('left')),
      minus('answer', result('sum'), 1),
    ]);
    expect(answers.number('answer')).toBe(14);
  });

  it.each([
    ['negative', [-1, 0, 1], [true, false, false]],
    ['zero', [-1, 0, 1], [false, true, false]],
    ['notNegative', [-1, 0, 1], [false, true, true]],
    ['always', [-1, 0, 1], [true, true, true]],
  ] as const)('jumps when %s', (when, values, jumps) => {
    for (const [i, value] of values.entries()) {
      const answers = run([set('answer', 1), jump('end', when, value), set('answer', 2)]);
      expect(answers.number('answer')).toBe(jumps[i] === true ? 1 : 2);
    }
  });

  it('makes a child that goes another way and is waited for', () => {
    const answers = run([
      forking('child', 'pid', 'clone', 17, 0, 0, 0, 0),
      into('waited', 'wait4', result('pid'), kept('status', 16), 0, 0),
      jump('end'),
      label('child'),
      call('exit_group', 7),
    ]);
    expect(answers.number('waited')).toBe(answers.number('pid'));
    expect(answers.bytes('status').readUInt16LE(0) >> 8).toBe(7);
  });

  it('tells of a child whether what it did worked', () => {
    expect(run(inChild([call('getpid')])).number('answer')).toBe(0);
    expect(run(inChild([call('openat', AT_FDCWD, text('/nowhere'), 0)])).number('answer')).toBeLessThan(0);
  });

  it('tries one after the other until one works', () => {
    const tries = ['/nowhere', '/proc/self/comm', '/proc'].map((path) => [call('openat', AT_FDCWD, text(path), 0)]);
    const answers = run(firstOf(tries));
    expect([answers.number('which'), answers.number('answer')]).toEqual([1, 3]);
  });

  it('writes structures with pointers', () => {
    const pieces = words(bytes(Buffer.from('ab')), 2, bytes(Buffer.from('cde')), 3);
    const answers = run([
      into('made', 'pipe2', scratch('ends', 16), 0),
      peek('ends', scratch('ends', 16)),
      into('written', 'writev', 4, pieces, 2),
      into('read', 'read', 3, kept('text', 16), 16),
    ]);
    expect([answers.number('written'), answers.number('read')]).toEqual([5, 5]);
    expect(answers.bytes('text').subarray(0, 5).toString()).toBe('abcde');
  });

  it('ends, though its steps do not', () => {
    const answers = run([set('answer', 1), label('again'), jump('again')]);
    expect(answers.number('answer')).toBe(1);
  });

  it('comes to the old door, or says that there is none', () => {
    const answers = run([{ kind: 'i386', number: 20, args: [], into: 'answer' }]);
    if (arch === 'aarch64') expect(answers.number('answer')).toBe(-38);
    // Where the kernel or the emulator has the door it is a pid, and otherwise an error: it comes back either way.
    else expect(answers.number('answer')).toEqual(expect.any(Number));
  });

  it('keeps the answers of many attempts apart', () => {
    const sections: Section[] = Array.from({ length: 40 }, (_, i) => ({
      id: `s${i}`,
      steps: [plus('answer', i, i), call('getpid'), set('answer', i), poke(kept('own', 16), i)],
    }));
    const { status, answers } = runProgram(arch, sections);
    expect(status).toBe(0);
    for (const [i, { id }] of sections.entries()) {
      expect(answers?.get(id)?.number('answer')).toBe(i);
      expect(answers?.get(id)?.bytes('own').readUInt32LE(0)).toBe(i);
    }
  });
});

describe('what a program writes', () => {
  const program = buildProgram('x86_64', [{ id: 'a', steps: [call('getpid')] }], NONCE);
  const honest = Buffer.concat([NONCE, Buffer.alloc(16)]);

  it('is read when it has the one length and the nonce', () => {
    expect(program.outputBytes).toBe(honest.length);
    expect(program.read(honest)?.get('a')?.number('answer')).toBe(0);
  });

  it('is not read when it is longer, shorter, empty or of another run', () => {
    const other = Buffer.from(honest).fill(0xff, 0, 1);
    for (const hostile of [honest.subarray(1), Buffer.concat([honest, NONCE]), Buffer.alloc(0), other])
      expect(program.read(hostile)).toBeUndefined();
  });

  it('says nothing of what was not reached, or is of no name', () => {
    const { answers } = runProgram(process.arch === 'arm64' ? 'aarch64' : 'x86_64', [
      { id: 'a', steps: [jump('end'), into('skipped', 'getpid')] },
    ]);
    expect(answers?.get('a')?.number('skipped')).toBeUndefined();
    expect(answers?.get('a')?.number('no such')).toBeUndefined();
    expect(answers?.get('a')?.bytes('no such').length).toBe(0);
  });
});

describe('what is generated', () => {
  const layout = { records: 0x801000, slots: 0x802010, output: 0x802000, outputBytes: 0x123 };

  it('is these instructions for x86_64', () => {
    const code = interpreterFor('x86_64', layout);
    expect(code.subarray(0, 20).toString('hex')).toBe('48c7c30010800049c7c51020800041bc00093d00');
    // syscall, int 0x80 and ud2 stand in it once each, the first also in the two last calls.
    expect([...code.toString('hex').matchAll(/0f05/g)].length).toBe(3);
    expect([...code.toString('hex').matchAll(/cd80/g)].length).toBe(1);
    expect(code.subarray(-2).toString('hex')).not.toBe('0f05');
  });

  it('is these instructions for aarch64', () => {
    const code = interpreterFor('aarch64', layout);
    const word = (i: number): string =>
      code
        .readUInt32LE(i * 4)
        .toString(16)
        .padStart(8, '0');
    // movz x19, #0x1000; movk x19, #0x80, lsl #16; movz x21, #0x2010; movk x21, #0x80, lsl #16
    expect([0, 1, 2, 3].map(word)).toEqual(['d2820013', 'f2a01013', 'd2840215', 'f2a01015']);
    // subs w20, w20, #1; b.eq end
    expect(word(6)).toBe('71000694');
    expect(word(7).slice(0, 2)).toBe('54');
    // ldr x0, [x19, #16]; ldrb w9, [x19, #64]; cbz x9, +8; ldr x0, [x21, x0, lsl #3]
    expect([8, 9, 10, 11].map(word)).toEqual(['f9400a60', '39410269', 'b4000049', 'f8607aa0']);
    const words = Array.from({ length: code.length / 4 }, (_, i) => word(i));
    expect(words.filter((one) => one === 'd4000001').length).toBe(3);
  });

  it.each(ARCHES)('is an executable for %s whose code cannot be written and whose data cannot be executed', (arch) => {
    const elf = buildElf({ arch, code: Buffer.alloc(100, 1), data: Buffer.alloc(50, 2), zeroBytes: 4096 });
    expect(elf.subarray(0, 7).toString('hex')).toBe('7f454c46020101');
    expect(elf.readUInt16LE(18)).toBe(arch === 'x86_64' ? 62 : 183);
    const segments = [0, 1, 2].map((i) => {
      const at = 64 + i * 56;
      return {
        flags: elf.readUInt32LE(at + 4),
        offset: elf.readBigUInt64LE(at + 8),
        address: elf.readBigUInt64LE(at + 16),
      };
    });
    expect(segments.map(({ flags }) => flags)).toEqual([5, 6, 6]);
    expect(segments[0]).toMatchObject({ offset: 0n, address: BigInt(CODE_ADDRESS) });
    expect(segments[1]?.address).toBe(BigInt(dataAddress(100)));
    // The same place in a page of any size, or no kernel would load it.
    expect((segments[1]?.address ?? 0n) % 0x10000n).toBe((segments[1]?.offset ?? 1n) % 0x10000n);
    expect(elf.subarray(Number(segments[1]?.offset)).equals(Buffer.alloc(50, 2))).toBe(true);
  });

  it('refuses what the list got wrong: a call, a label or a result that there is not', () => {
    const build = (...steps: readonly Step[]) => buildProgram('x86_64', [{ id: 'x', steps }], NONCE);
    expect(() => build(call('no_such_call'))).toThrow(/no number for the call `no_such_call`/);
    expect(() => build(jump('nowhere'))).toThrow(/`x` has no label `nowhere`/);
    expect(() => build(call('close', result('fd')))).toThrow(/`x` has no result `fd`/);
    expect(() => callNumber('aarch64', 'fork')).toThrow(/on aarch64/);
  });
});

it('runs both machines in these tests', () => {
  expect(Object.keys(RUNNERS).sort()).toEqual([...ARCHES].sort());
});
