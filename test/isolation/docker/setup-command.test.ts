import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkSetupCommand } from '../../../src/isolation/index.ts';

interface Vectors {
  readonly accepted: readonly (readonly [string, string[][]])[];
  readonly refused: Readonly<Record<string, readonly string[]>>;
}

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, 'setup-commands.json'), 'utf8')) as Vectors;

describe('a setup command', () => {
  it.each(vectors.accepted)('%j is accepted as argument lists', (text, commands) => {
    expect(checkSetupCommand(text)).toEqual({ kind: 'accepted', commands });
  });

  it.each(Object.entries(vectors.refused).flatMap(([family, list]) => list.map((text) => [family, text] as const)))(
    '%s: %j is refused with a sentence',
    (_, text) => {
      const verdict = checkSetupCommand(text);
      expect(verdict.kind).toBe('refused');
      expect(verdict.kind === 'refused' && verdict.reason).toMatch(/^the setup command is refused: .{10,}[^.]$/);
    },
  );

  it('is refused for what it is, so that a person knows what to change', () => {
    const reason = (text: string): string => {
      const verdict = checkSetupCommand(text);
      return verdict.kind === 'refused' ? verdict.reason.replace('the setup command is refused: ', '') : 'accepted';
    };
    expect(reason('curl x')).toBe('`curl` talks to a network; put what you need into the image instead');
    expect(reason('sudo x')).toBe('`sudo` changes who it is; put what you need into the image instead');
    expect(reason('docker ps')).toBe('`docker` reaches outside its zone; put what you need into the image instead');
    expect(reason('cat x | sh')).toBe(
      '`|` is a sign of the shell, and no shell reads this; write plain words, joined by `&&`',
    );
    expect(reason('\u0441url x')).toBe('it has the character U+0441, and only plain ASCII is read');
    expect(reason('frobnicate')).toContain('is not one of the programs a setup command may run');
  });

  it('may be a list, of which one bad line refuses all', () => {
    expect(checkSetupCommand(['mkdir a', 'touch a/b']).kind).toBe('accepted');
    expect(checkSetupCommand(['mkdir a', 'curl x']).kind).toBe('refused');
    expect(checkSetupCommand([]).kind).toBe('accepted');
    expect(checkSetupCommand(Array.from({ length: 17 }, () => 'true')).kind).toBe('refused');
    expect(checkSetupCommand('x'.repeat(2_001)).kind).toBe('refused');
    expect(checkSetupCommand(`echo ${'x '.repeat(64)}`).kind).toBe('refused');
  });

  it('that is accepted has only words, and its programs are of the list, whatever it was made of', () => {
    const bit = fc.constantFrom(
      ...' \n&|;<>$`\\\'"(){}[]*?~!#='.split(''),
      'mkdir',
      'curl',
      'sh',
      'a',
      '&&',
      '${IFS}',
      '/proc',
      'sudo',
    );
    fc.assert(
      fc.property(fc.array(bit, { maxLength: 12 }), (bits) => {
        const verdict = checkSetupCommand(bits.join(''));
        if (verdict.kind === 'refused') return;
        for (const [program] of verdict.commands) expect(['mkdir']).toContain(program);
      }),
      { numRuns: 5_000 },
    );
  });

  it('that is accepted means the same to a shell: words that a shell would split or expand otherwise do not pass', () => {
    const word = fc.stringMatching(/^[\w@%+=:,./-]{1,12}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        const verdict = checkSetupCommand(['echo', ...words].join(' '));
        if (verdict.kind === 'accepted') expect(verdict.commands).toEqual([['echo', ...words]]);
      }),
    );
  });
});
