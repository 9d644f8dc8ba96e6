import { describe, expect, it } from 'vitest';
import { describeDifference } from '../../src/control/index.ts';

const RULE =
  '@id("mail")\n@approval("owner")\n@delay("10s")\npermit (principal, action == Action::"send_email", resource);\n';

describe('a policy', () => {
  it('says nothing when nothing changed, and so when only comments do', () => {
    expect(describeDifference('policy', RULE, RULE)).toEqual([]);
    expect(describeDifference('policy', RULE, `// note; permit\n${RULE.replaceAll('\n', '\n\n')}`)).toEqual([
      'only comments, blanks or order change; no rule or value does',
    ]);
  });

  it('names rules added, removed and changed by id, with their annotations', () => {
    const loose = RULE.replace('"owner"', '"none"').replace('@delay("10s")\n', '@rate("10/hour")\n');
    expect(describeDifference('policy', RULE, loose)).toEqual([
      'rule `mail` changes its annotation @approval from `"owner"` to `"none"`',
      'rule `mail` gains annotation @rate `"10/hour"`',
      'rule `mail` loses annotation @delay `"10s"`',
    ]);
    const added = describeDifference('policy', RULE, `${RULE}@id("x") forbid (principal, action, resource);`);
    expect(added).toEqual(['rule `x` is added: effect `forbid`, condition `( principal , action , resource )`']);
    expect(describeDifference('policy', RULE, '')).toEqual([
      expect.stringMatching(/^rule `mail` is removed: it was annotation @approval/),
    ]);
  });

  it('sees a permit become a forbid, and a condition change inside a text', () => {
    expect(describeDifference('policy', RULE, RULE.replace('permit', 'forbid'))).toEqual([
      'rule `mail` changes its effect from `permit` to `forbid`',
    ]);
    expect(describeDifference('policy', RULE, RULE.replace('send_email', 'send_sms'))).toHaveLength(1);
    expect(describeDifference('policy', RULE, RULE.replace('"send_email"', '"send_email//"'))).toHaveLength(1);
  });

  it('falls back to lines for what it cannot read, and for two rules of one id', () => {
    expect(describeDifference('policy', RULE, 'not a policy')).toContain('new line: `not a policy`');
    expect(describeDifference('policy', RULE, RULE + RULE.replace('10s', '0s'))).toEqual(['new line: `@delay("0s")`']);
    expect(describeDifference('policy', 'a b', 'a b\na b')).toEqual([
      'only blanks, repeats or the order of lines change',
    ]);
  });
});

it('names contacts added, removed and renamed, safe to print', () => {
  const before = JSON.stringify([
    { address: 'a@x.example', name: 'Ann' },
    { address: 'b@x.example', name: 'Bob' },
  ]);
  const after = JSON.stringify([
    { address: 'a@x.example', name: 'An\u202en' },
    { address: 'c@x.example', name: 'Cy' },
  ]);
  expect(describeDifference('contacts', before, after)).toEqual([
    'contact `a@x.example` changes its name from `Ann` to `An\\u{202E}n`',
    'contact `c@x.example` is added: name `Cy`',
    'contact `b@x.example` is removed: it was name `Bob`',
  ]);
  expect(describeDifference('contacts', '', after)).toHaveLength(2);
  expect(describeDifference('contacts', before, '{}')).not.toEqual([]);
});

it('names settings by dotted key', () => {
  const before = JSON.stringify({ approvals: { questionsPerDay: 20 }, models: { local: null } });
  const after = JSON.stringify({ approvals: { questionsPerDay: 200 }, models: { local: { model: 'x' } } });
  expect(describeDifference('config', before, after)).toEqual([
    'setting `approvals.questionsPerDay` changes its value from `20` to `200`',
    'setting `models.local.model` is added: value `"x"`',
    'setting `models.local` is removed: it was value `null`',
  ]);
});
