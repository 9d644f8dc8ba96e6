import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { APPROVALS, LIMITS } from '../../src/contracts/index.ts';
import { ATTRIBUTES, decide, ENUMS, runScenarios } from '../../src/policy/index.ts';
import { allowed, defaultText, denied, mail, policyOf, root, to, TRUSTED, UNTRUSTED } from './support.ts';

const page = readFileSync(join(root, 'docs', 'policy.md'), 'utf8');
const blocks = (language: string): readonly string[] =>
  [...page.matchAll(/```(\w+)\n([\s\S]*?)```/g)].flatMap(([, name, body]) =>
    name === language && body !== undefined ? [body] : [],
  );
const example = (id: string): string => {
  const found = blocks('cedar').find((block) => block.includes(`@id("${id}")`));
  if (found === undefined) throw new Error(`no example \`${id}\``);
  return found;
};

describe('docs/policy.md', () => {
  it('has examples that compile without a warning, alone and beside the default policy', () => {
    expect(blocks('cedar').length).toBeGreaterThan(4);
    for (const block of blocks('cedar')) {
      expect(policyOf(block).warnings).toEqual([]);
      expect(policyOf(`${defaultText}\n${block}`).warnings).toEqual([]);
    }
  });

  it('has scenarios that hold under the default policy', () => {
    for (const block of blocks('json')) {
      const ran = runScenarios(block, policyOf(defaultText));
      expect(
        ran.kind === 'ran' && ran.results.map(({ name, wrong }) => [name, wrong]).filter(([, wrong]) => wrong !== ''),
      ).toEqual([]);
    }
  });

  it('names every attribute with its meaning, every name that may be compared with, and every approval', () => {
    for (const [name, { says }] of Object.entries(ATTRIBUTES)) expect(page).toMatch(rowOf(`context.${name}`, says));
    for (const [type, ids] of Object.entries(ENUMS))
      expect(page).toContain(`| \`${type}\` | ${ids.map((id) => `\`${id}\``).join(' ')} |`);
    for (const approval of APPROVALS) expect(page).toContain(`\`${approval}\``);
    const described = [...page.matchAll(/^\| `context\.(\w+)`/gm)].map(([, name]) => name);
    expect(described.sort()).toEqual(Object.keys(ATTRIBUTES).sort());
  });

  it('tells the limits as they are', () => {
    expect(LIMITS.policyRulesMax.value).toBe(1_000);
    expect(LIMITS.policyCharsMax.value).toBe(262_144);
    expect(LIMITS.outboxDelayMsMax.value).toBe(120_000);
    expect(page).toContain('more than 1 000 rules or 262 144 characters');
    expect(page).toContain('`0s` to `120s`');
  });

  it('is true of its examples: a forbid that binds one recipient of several, a permit that binds all', () => {
    const policy = policyOf(example('team mail'));
    const both = (second: string): ReturnType<typeof mail> =>
      mail({ values: [to('ann@example.org'), to(second, { role: 'cc' })] });
    expect(allowed(decide(both('bob@example.org'), policy)).rules).toEqual(['team mail']);
    expect(decide(both('eve@example.net'), policy).kind).toBe('deny');
    const press = policyOf(`${defaultText}\n${example('team mail')}`);
    expect(denied(decide(both('desk@paper.example'), press)).rules).toEqual(['never to the press']);
  });

  it('is true of its examples: notes to myself', () => {
    const note = mail({ values: [to('me@example.org', { audience: 'self' })], payload: UNTRUSTED });
    expect(allowed(decide(note, policyOf(example('notes to myself')))).obligations.approval).toBe('none');
    expect(allowed(decide(note, policyOf(defaultText + example('notes to myself')))).obligations.approval).toBe(
      'owner',
    );
    const narrowed = defaultText.replace(
      'permit (principal, action == Action::"send_email", resource);',
      'permit (principal, action == Action::"send_email", resource)\nunless { context.audience == Audience::"self" && !context.untrusted_authority };',
    );
    expect(allowed(decide(note, policyOf(narrowed + example('notes to myself')))).obligations.approval).toBe('none');
    const chosen = { ...note, values: [to('me@example.org', { audience: 'self', label: UNTRUSTED })] };
    expect(allowed(decide(chosen, policyOf(narrowed + example('notes to myself')))).obligations.approval).toBe('owner');
  });

  it('is true of its examples: red, tasks, mailings and flagged mail', () => {
    const strict = policyOf(`${defaultText}\n${example('nothing red')}`);
    expect(decide(mail(), strict).kind).toBe('allow');
    expect(denied(decide(mail({ warnedSources: 1 }), strict)).rules).toEqual(['nothing red']);
    expect(denied(decide(mail({ origin: 'task' }), strict)).rules).toEqual(['tasks only draft']);
    const many = mail({ values: Array.from({ length: 6 }, (_, n) => to(`p${n}@example.org`)) });
    expect(denied(decide(many, strict)).rules).toEqual(['no mailings']);
    const flagged = policyOf(`${defaultText}\n${example('no orders from flagged mail')}`);
    const order = (label: typeof UNTRUSTED): ReturnType<typeof mail> =>
      mail({ values: [to('eve@example.net', { label })], warnedSources: 1 });
    expect(denied(decide(order(UNTRUSTED), flagged)).rules).toEqual(['no orders from flagged mail']);
    expect(decide(order(TRUSTED), flagged).kind).toBe('allow');
  });
});

function rowOf(attribute: string, says: string): RegExp {
  const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^\\| \`${literal(attribute)}\` \\| [^|]+ \\| ${literal(says)} \\|$`, 'm');
}
