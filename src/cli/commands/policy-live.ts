import { CONTROL_ANSWERS, decisionRequestSchema, decisionSchema, type PolicyRecord } from '../../contracts/index.ts';
import { replay } from '../../policy/index.ts';
import { askParsed, fail, openPolicy, tellProblems } from './policy-file.ts';
import type { PolicyDeps, PolicyFile, PolicyOutput } from './policy-file.ts';

export interface PolicyReplay extends PolicyFile {
  /** How many of the newest records; 1 000 at most. */
  readonly limit?: number;
}

/** `hardshell policy replay`. Exit code 0 when the records were replayed, whatever they would change; 1 when not. */
export async function policyReplay(
  options: PolicyReplay,
  output: PolicyOutput,
  deps: Pick<PolicyDeps, 'ask'>,
): Promise<number> {
  const opened = openPolicy(options.file);
  if (opened.kind === 'refused') return tellProblems(options, opened.problems, output);
  const limit = options.limit ?? 200;
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000)
    return fail(options, output, '`--limit` must be 1 to 1000', 2);
  const asked = await askParsed(deps, { type: 'policy_records', limit }, CONTROL_ANSWERS.policy_records);
  if (asked.kind === 'refused') return fail(options, output, asked.message);
  const records: PolicyRecord[] = [];
  for (const { request, facts, decision } of asked.answer.records) {
    const was = decisionRequestSchema.safeParse(facts);
    const decided = decisionSchema.safeParse(decision);
    if (was.success && decided.success) records.push({ id: request, request: was.data, decision: decided.data });
  }
  const unread = asked.answer.records.length - records.length;
  const { total, changes } = replay(records, null, opened.policy);
  if (options.json === true) {
    output.write(JSON.stringify({ total, unread, changes }));
    return 0;
  }
  for (const { id, direction, words } of changes) output.write(`${direction.toUpperCase()} ${id} ${words}`);
  const looser = changes.filter(({ direction }) => direction === 'looser').length;
  output.write(
    `${total} recorded requests: ${looser} would be decided more loosely, ${changes.length - looser} more strictly`,
  );
  if (unread > 0) output.write(`${unread} records of another version were left out`);
  return 0;
}

/** `hardshell policy confirm`. Exit code 0 when the file on the disk is in force, 1 when not. */
export async function policyConfirm(
  options: { readonly json?: boolean },
  output: PolicyOutput,
  deps: PolicyDeps,
): Promise<number> {
  const shown = await askParsed(deps, { type: 'confirm_show', name: 'policy' }, CONTROL_ANSWERS.confirm_show);
  if (shown.kind === 'refused') return fail(options, output, shown.message);
  const { changed, digest, problems, words } = shown.answer;
  if (problems.length > 0) return fail(options, output, `policy.cedar cannot be confirmed: ${problems.join('; ')}`);
  if (!changed) {
    output.write(
      options.json === true
        ? JSON.stringify({ ok: true, changed: false, digest })
        : 'policy.cedar is the confirmed one; nothing to do',
    );
    return 0;
  }
  if (options.json !== true) {
    output.write(
      words.length === 0
        ? 'policy.cedar says the same in other words or another order'
        : 'policy.cedar would change what may happen:',
    );
    for (const line of words) output.write(`  ${line}`);
    output.write(`SHA-256 ${digest}`);
  }
  const presence = await deps.presence({ purpose: 'confirm', name: 'policy', digest });
  if (presence === null) return fail(options, output, 'not confirmed; the policy in force stays as it was');
  const done = await askParsed(deps, { type: 'confirm', name: 'policy', digest, presence }, CONTROL_ANSWERS.confirm);
  if (done.kind === 'refused') return fail(options, output, done.message);
  output.write(
    options.json === true
      ? JSON.stringify({ ok: true, changed: true, digest, words })
      : 'confirmed; the policy is in force',
  );
  return 0;
}
