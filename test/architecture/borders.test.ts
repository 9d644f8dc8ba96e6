import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOMS } from './rooms.ts';
import { functionsOf, readSources, roomOf, specifiersOf } from './source.ts';

const files = readSources();

function problemOf(file: (typeof files)[number], specifier: string): string | null {
  const room = ROOMS[file.room];
  if (room === undefined) return `${file.path}: room \`${file.room}\` is not in the table`;
  if (specifier === '(computed)') return `${file.path}: imports a computed name`;
  if (specifier.startsWith('node:')) return room.node ? null : `${file.path}: a pure room imports ${specifier}`;
  if (!specifier.startsWith('.')) {
    const allowed = room.packages.some((name) => specifier === name || specifier.startsWith(`${name}/`));
    return allowed ? null : `${file.path}: package ${specifier} is not this room's`;
  }
  const target = posix.join(posix.dirname(file.path), specifier);
  const other = roomOf(target);
  if (other === file.room) return null;
  if (!room.rooms.includes(other)) return `${file.path}: may not import room ${other}`;
  return target === `${other}/index.ts` ? null : `${file.path}: goes round the door of ${other} (${target})`;
}

describe('borders between rooms', () => {
  test('every import is one that its room may make, and goes through the door', () => {
    const problems = files.flatMap((file) =>
      specifiersOf(file)
        .map((specifier) => problemOf(file, specifier))
        .filter((problem) => problem !== null),
    );
    expect(problems).toEqual([]);
  });

  test('the check itself refuses what it should', () => {
    const [first] = files;
    if (first === undefined) throw new Error('no sources');
    const reader = { ...first, path: 'zone3-reader/x.ts', room: 'zone3-reader' };
    expect(problemOf(reader, '../state/index.ts')).toMatch(/may not import room state/);
    expect(problemOf(reader, 'node:fs')).toMatch(/pure room/);
    expect(problemOf(reader, 'jose')).toMatch(/not this room's/);
    expect(problemOf(reader, '../contracts/wire.ts')).toMatch(/goes round the door/);
    expect(problemOf(reader, '../contracts/index.ts')).toBeNull();
  });

  test('enough was read for the check to mean something', () => {
    expect(files.length).toBeGreaterThan(150);
    expect(new Set(files.map((file) => file.room))).toEqual(new Set(Object.keys(ROOMS)));
    expect(files.flatMap(specifiersOf).length).toBeGreaterThan(500);
  });

  test('no comment switches the compiler or the borders off', () => {
    const bad = files.filter((file) =>
      /@ts-(?:ignore|nocheck|expect-error)|(?:es|ox)lint-disable(?!-(?:next-)?line no-control-regex -- )/.test(
        file.text,
      ),
    );
    expect(bad.map((file) => file.path)).toEqual([]);
  });

  test('doors name what they export', () => {
    const bad = files.filter((file) => /^export \*/m.test(file.text));
    expect(bad.map((file) => file.path)).toEqual([]);
  });
});

describe('size', () => {
  test('no file passes 300 lines', () => {
    expect(files.filter((file) => file.lines > 300).map((file) => `${file.path}: ${file.lines}`)).toEqual([]);
  });

  test('no function passes 70 lines', () => {
    const long = files.flatMap((file) =>
      functionsOf(file)
        .filter(({ lines }) => lines > 70)
        .map(({ name, lines }) => `${file.path}: ${name} ${lines}`),
    );
    expect(long).toEqual([]);
  });
});

describe('authority', () => {
  test('only `execute.ts` calls the mint of grants, and only `redeem` seals one', () => {
    const callers = files.filter((file) => /\bmint\(/.test(file.text) && !file.path.endsWith('/grant.ts'));
    expect(callers.map((file) => file.path)).toEqual(['zone1-executor/execute.ts']);
    const grant = files.find((file) => file.path === 'zone1-executor/grant.ts');
    expect(grant?.text.match(/live\.add\(/g)).toHaveLength(1);
    expect(files.filter((file) => file.text.includes('live.add(')).map((file) => file.path)).toEqual([
      'zone1-executor/grant.ts',
    ]);
  });

  test('no eval, no Function constructor, no shell', () => {
    const bad = files.filter((file) =>
      /\beval\(|new Function\(|shell: true|execSync\(|import \{[^}]*\bexec\b[^}]*\} from 'node:child_process'/.test(
        file.text,
      ),
    );
    expect(bad.map((file) => file.path)).toEqual([]);
  });
});
