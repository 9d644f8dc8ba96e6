import { CONTROL_ANSWERS, policyScenarioSchema } from '../../contracts/index.ts';
import { decide, explain, requestOf, runScenarios } from '../../policy/index.ts';
import { askParsed, fail, openPolicy, place, readText, tellProblems } from './policy-file.ts';
import type { PolicyDeps, PolicyFile, PolicyOutput } from './policy-file.ts';

/** `hardshell policy check`. Exit code 0 when the file is a policy, 1 when it is refused or cannot be read. */
export function policyCheck(options: PolicyFile, output: PolicyOutput): Promise<number> {
  const opened = openPolicy(options.file);
  if (opened.kind === 'refused') return Promise.resolve(tellProblems(options, opened.problems, output));
  const { digest, rules, warnings } = opened.policy;
  if (options.json === true) {
    output.write(
      JSON.stringify({
        ok: true,
        file: options.file,
        digest,
        rules: rules.map(({ id, effect, line }) => ({ id, effect, line })),
        warnings,
      }),
    );
    return Promise.resolve(0);
  }
  for (const warning of warnings) output.write(`${place(options.file, warning)}: warning: ${warning.message}`);
  output.write(
    `${options.file} is a valid policy of ${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}, SHA-256 ${digest}`,
  );
  output.write('it takes effect once you confirm it: hardshell policy confirm');
  return Promise.resolve(0);
}

export interface PolicyExplain extends PolicyFile {
  /** A request that was made, `r_…`; everything below is then ignored. */
  readonly request?: string;
  readonly action?: string;
  readonly to?: readonly string[];
  readonly audience?: string;
  readonly origin?: string;
  /** Claimed senders of what was read. */
  readonly readers?: readonly string[];
  /** The content and the destinations come from the owner. */
  readonly trusted?: boolean;
  readonly confidentiality?: string;
  /** The owner typed the destinations. */
  readonly named?: boolean;
  readonly warned?: number;
}

/** `hardshell policy explain`. Exit code 0 when there is a decision to tell, 1 when not, 2 for wrong use. */
export async function policyExplain(
  options: PolicyExplain,
  output: PolicyOutput,
  deps: Pick<PolicyDeps, 'ask'>,
): Promise<number> {
  if (options.request !== undefined) return explainRecorded(options.request, options, output, deps);
  const scenario = policyScenarioSchema.safeParse({ name: 'explain', expect: 'allow', request: facts(options) });
  if (!scenario.success) {
    const issue = scenario.error.issues[0];
    return fail(
      options,
      output,
      `\`${issue?.path.at(-1)?.toString() ?? 'request'}\`: ${issue?.message ?? 'wrong'}; see hardshell policy explain --help`,
      2,
    );
  }
  const opened = openPolicy(options.file);
  if (opened.kind === 'refused') return tellProblems(options, opened.problems, output);
  const request = requestOf(scenario.data, opened.policy);
  if (options.json === true) output.write(JSON.stringify({ request, decision: decide(request, opened.policy) }));
  else output.write(explain(request, opened.policy));
  return 0;
}

function facts(options: PolicyExplain): object {
  const label = {
    integrity: options.trusted === true ? 'trusted' : 'untrusted',
    confidentiality: options.confidentiality ?? 'private',
  };
  const people = { audience: options.audience ?? 'unknown', named: options.named ?? false, label };
  return {
    action: options.action,
    origin: options.origin ?? 'item',
    values: (options.to ?? []).map((value) => ({ value, ...people })),
    payload: label,
    sources: (options.readers ?? []).map((reader, index) => ({ id: `source ${index + 1}`, readers: [reader] })),
    warnedSources: options.warned ?? 0,
  };
}

async function explainRecorded(
  request: string,
  options: PolicyFile,
  output: PolicyOutput,
  deps: Pick<PolicyDeps, 'ask'>,
): Promise<number> {
  const asked = await askParsed(deps, { type: 'policy_explain', request }, CONTROL_ANSWERS.policy_explain);
  if (asked.kind === 'refused') return fail(options, output, asked.message);
  if (options.json === true) output.write(JSON.stringify(asked.answer));
  else for (const line of asked.answer.words) output.write(line);
  return 0;
}

export interface PolicyTest extends PolicyFile {
  /** Path of the scenario file. */
  readonly scenarios: string;
}

/** `hardshell policy test`. Exit code 0 when every scenario comes out as it says, 1 otherwise. */
export function policyTest(options: PolicyTest, output: PolicyOutput): Promise<number> {
  const opened = openPolicy(options.file);
  if (opened.kind === 'refused') return Promise.resolve(tellProblems(options, opened.problems, output));
  const text = readText(options.scenarios);
  if (text === null)
    return Promise.resolve(fail(options, output, `cannot read \`${options.scenarios}\`; name a scenario file`));
  const ran = runScenarios(text, opened.policy);
  if (ran.kind === 'refused') return Promise.resolve(fail(options, output, `\`${options.scenarios}\`: ${ran.message}`));
  const failed = ran.results.filter(({ passed }) => !passed);
  if (options.json === true) for (const result of ran.results) output.write(JSON.stringify(result));
  else {
    for (const { name, passed, wrong } of ran.results)
      output.write(`${passed ? 'ok  ' : 'FAIL'} ${name}${passed ? '' : `: ${wrong}`}`);
    output.write(`${ran.results.length - failed.length} of ${ran.results.length} scenarios as expected`);
  }
  return Promise.resolve(failed.length === 0 ? 0 : 1);
}
