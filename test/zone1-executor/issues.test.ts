import { describe, expect, test } from 'vitest';
import { ACTIONS, type Json } from '../../src/contracts/index.ts';
import { describeIssues } from '../../src/zone1-executor/issues.ts';
import { askFor, ownSession } from '../support/line.ts';
import { makeBench } from '../support/station.ts';

const mail = { to: ['ann@example.org'], subject: 'Slides', body: 'May I?' };
const issuesOf = (params: Json) => {
  const parsed = ACTIONS.get('send_email')?.requested.safeParse(params);
  return parsed?.success === false ? describeIssues(parsed.error.issues) : [];
};

describe('parameters that do not fit', () => {
  test.each<[Json, string[]]>([
    [{ ...mail, to: 'ann@example.org' }, ['to']],
    [{ ...mail, to: [5] }, ['to.0']],
    [{ ...mail, to: ['not an address'] }, ['to.0']],
    [{ ...mail, to: [{ ref: 'bad', x: 1 }] }, ['to.0.ref', 'to.0.x']],
    [{ ...mail, to: [], subject: 1 }, ['to', 'subject']],
    [{ ...mail, attach: 'x' }, ['attach']],
    [{ draft: 5 }, ['draft']],
    [{}, ['to', 'subject', 'body']],
  ])('%j are named where they are', (params, paths) => {
    const issues = issuesOf(params);
    expect(issues.map(({ path }) => path)).toEqual(paths);
    for (const { message } of issues) expect(message).not.toBe('Invalid input');
  });

  test('are told with the refusal, cut and few', async () => {
    const bench = makeBench();
    const session = await ownSession(bench);
    expect(await askFor(bench, session, { ...mail, to: 'x' })).toMatchObject({
      ok: false,
      refusal: { error: 'invalid_params', issues: [{ path: 'to' }] },
    });
    const keys = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`${'k'.repeat(300)}${i}`, 1]));
    const issues = issuesOf({ ...mail, ...keys });
    expect(issues).toHaveLength(20);
    for (const { path } of issues) expect(path.length).toBeLessThanOrEqual(100);
    expect(issuesOf(mail)).toEqual([]);
  });
});
