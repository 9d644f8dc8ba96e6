import { mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import JSON5 from 'json5';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  defaultConfigText,
  listSettings,
  loadConfig,
  parseConfig,
  readConfigText,
  setMember,
  valueAt,
  writeConfigText,
} from '../../src/config/index.ts';

describe('the file of a first start', () => {
  it('gives the defaults, and still does with every line of it switched on', () => {
    const plain = parseConfig('{}', {});
    expect(parseConfig(defaultConfigText(), {})).toEqual(plain);
    const live = defaultConfigText().replace(/^( {4})\/\/ (\w+: .*,)$/gm, '$1$2');
    expect(live.match(/^ {4}\w+: .*,$/gm)).toHaveLength(
      listSettings().filter(({ key }) => key.split('.').length === 2).length,
    );
    expect(parseConfig(live, {})).toMatchObject({
      kind: 'ok',
      config: { ...(plain.kind === 'ok' ? plain.config : {}), models: { local: { model: 'qwen3:8b' } } },
    });
  });

  it('describes every key', () => {
    const undescribed = listSettings().filter((setting) => setting.leaf && setting.what === '');
    expect(undescribed).toEqual([]);
  });
});

describe('setting one member', () => {
  it('keeps comments, order and everything else', () => {
    const text = '// top\n{\n  // who\n  mail: { address: "a@b.c", /* mine */ name: "old" }, // end\n}\n';
    expect(setMember(text, ['mail', 'name'], 'new')).toBe(text.replace('"old"', '"new"'));
    const added = setMember(text, ['logging', 'maxMiB'], 5);
    for (const kept of ['// top', '// who', '/* mine */', '// end']) expect(added).toContain(kept);
    expect(JSON5.parse(added)).toEqual({ mail: { address: 'a@b.c', name: 'old' }, logging: { maxMiB: 5 } });
  });

  it('adds to an empty object, a one-line object and beside a trailing comment', () => {
    for (const text of ['{}', '{ }', '{x:1}', '{ // c\n}', '{\n  x: 1 // last\n}', '{"x":[1,{a:2}],}']) {
      const before: unknown = JSON5.parse(text);
      expect(JSON5.parse(setMember(text, ['a', 'b'], true))).toEqual({ ...(before as object), a: { b: true } });
    }
  });

  it('refuses to go through a value that is not an object', () => {
    expect(() => setMember('{ mail: 5 }', ['mail', 'name'], 'x')).toThrow('is not an object');
  });

  it('changes that member only, for any nesting and any layout', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'long name', "q'uote");
    const leaf = fc.oneof(
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.string({ maxLength: 8 }),
      fc.constant('// no comment'),
      fc.constant('}{,:"\''),
    );
    const tree = fc.letrec((tie) => ({
      node: fc.dictionary(
        key,
        fc.oneof({ weight: 2, arbitrary: leaf }, tie('node'), fc.array(leaf, { maxLength: 3 })),
        { maxKeys: 4 },
      ),
    })).node;
    fc.assert(
      fc.property(
        tree,
        fc.array(key, { minLength: 1, maxLength: 3 }),
        leaf,
        fc.constantFrom('', '  ', '\t'),
        (before, path, value, indent) => {
          const text = `// c\n${JSON5.stringify(before, null, indent).replaceAll(',', ', /* , } */')}`;
          fc.pre(sameJson(JSON5.parse(text), before));
          let after: string;
          try {
            after = setMember(text, path, value);
          } catch {
            return;
          }
          const got: unknown = JSON5.parse(after);
          expect(valueAt(got, path)).toEqual(value);
          expect(dropped(got, path)).toEqual(dropped(before, path));
        },
      ),
    );
  });
});

describe('files', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'hs-config-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('writes in one step, closed to others, and leaves nothing behind', () => {
    const path = join(dir, 'hardshell.json');
    writeConfigText(path, defaultConfigText());
    writeConfigText(path, '{ mail: { name: "x" } }');
    expect(readdirSync(dir)).toEqual(['hardshell.json']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(loadConfig(path, {}).mail.name).toBe('x');
  });

  it('refuses what is no text file, and says what to do', () => {
    expect(() => readConfigText(join(dir, 'none'))).toThrow('`hardshell up` writes one');
    symlinkSync('/etc/passwd', join(dir, 'link'));
    expect(() => readConfigText(join(dir, 'link'))).toThrow('cannot read');
    expect(() => readConfigText(dir)).toThrow('not a configuration file');
    writeFileSync(join(dir, 'latin'), Buffer.from([0x7b, 0xff, 0x7d]));
    expect(() => readConfigText(join(dir, 'latin'))).toThrow('not text in UTF-8');
    writeFileSync(join(dir, 'bad'), '{ mail: { adress: 1 } }');
    expect(() => loadConfig(join(dir, 'bad'), {})).toThrow('did you mean `mail.address`?');
    expect(() => writeConfigText(join(dir, 'no', 'dir'), '{}')).toThrow('cannot write');
  });
});

function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The tree without what `path` names, and without objects that this leaves empty. */
function dropped(tree: unknown, path: readonly string[]): unknown {
  if (typeof tree !== 'object' || tree === null) return tree;
  const [first, ...rest] = path;
  const entries = Object.entries(tree).flatMap(([key, value]): [string, unknown][] => {
    if (key !== first) return [[key, value]];
    if (rest.length === 0) return [];
    const inner = dropped(value, rest);
    return typeof inner === 'object' && inner !== null && Object.keys(inner).length === 0 ? [] : [[key, inner]];
  });
  return Object.fromEntries(entries);
}
