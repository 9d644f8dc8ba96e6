import {
  defaultConfigText,
  describeProblem,
  listSettings,
  nearest,
  parseConfig,
  parseMember,
  readConfigText,
  setMember,
  valueAt,
  writeConfigText,
  type ParsedConfig,
} from '../../config/index.ts';
import { safeText } from '../../control/index.ts';
import { homeFile, tell, type Context } from '../context.ts';
import { Failure, wrongUse } from '../failure.ts';

/** `hardshell config get [KEY]`: what is in force after the file, the environment and the defaults. */
export function configGet(options: { readonly key?: string | undefined }, context: Context): Promise<number> {
  const config = demand(context, parse(readConfigText(path(context)), context));
  if (options.key === undefined) {
    context.io.write(JSON.stringify(config, null, context.json ? 0 : 2));
    return Promise.resolve(0);
  }
  const key = options.key === 'approvals.outboxDelay' ? 'approvals.outboxDelayMs' : options.key;
  const value = valueAt(config, key.split('.'));
  if (value === undefined) throw unknownKey(options.key);
  context.io.write(
    typeof value === 'string' && !context.json ? safeText(value) : JSON.stringify(value, null, context.json ? 0 : 2),
  );
  return Promise.resolve(0);
}

/** `hardshell config set KEY VALUE…`: edits the file in place, comments kept, only when the result is valid. */
export function configSet(options: { readonly pairs: readonly string[] }, context: Context): Promise<number> {
  if (options.pairs.length < 2 || options.pairs.length % 2 !== 0)
    throw wrongUse('give pairs of a key and a value, as in `hardshell config set mail.name "Ann Lee"`');
  const file = path(context);
  let text = readConfigText(file);
  // A file that is refused already must first be mended by hand: nobody can say what an edit of it means.
  demand(context, parse(text, context));
  for (let i = 0; i < options.pairs.length; i += 2) {
    const [key = '', value = ''] = options.pairs.slice(i, i + 2);
    if (!listSettings().some((setting) => setting.key === key)) throw unknownKey(key);
    text = setMember(text, key.split('.'), parseMember(value));
  }
  demand(context, parse(text, context));
  writeConfigText(file, text);
  tell(context, { ok: true, file }, () => [
    'written; nothing is sent until you run `hardshell config confirm`; limits, models and the mail address take effect with the next `hardshell up`',
  ]);
  return Promise.resolve(0);
}

/** `hardshell config validate [FILE]`. */
export function configValidate(options: { readonly file?: string | undefined }, context: Context): Promise<number> {
  const file = options.file ?? path(context);
  const parsed = parse(readConfigText(file), context);
  if (parsed.kind === 'ok') tell(context, { ok: true, file }, () => [`${file} is valid`]);
  else
    tell(context, { ok: false, file, problems: parsed.problems }, () =>
      parsed.problems.map((problem) => `${file}: ${describeProblem(problem)}`),
    );
  return Promise.resolve(parsed.kind === 'ok' ? 0 : 1);
}

/** `hardshell config default`: the file as it is written at first start, every key explained. */
export function configDefault(context: Context): Promise<number> {
  context.io.write(defaultConfigText().trimEnd());
  return Promise.resolve(0);
}

function path(context: Context): string {
  return homeFile(context, 'hardshell.json');
}

function parse(text: string, context: Context): ParsedConfig {
  return parseConfig(text, context.io.env);
}

function demand(context: Context, parsed: ParsedConfig): Extract<ParsedConfig, { kind: 'ok' }>['config'] {
  if (parsed.kind === 'ok') return parsed.config;
  if (!context.json)
    for (const problem of parsed.problems.slice(1)) context.io.error(`hardshell: ${describeProblem(problem)}`);
  throw new Failure(describeProblem(parsed.problems[0]), { code: 'config_invalid' });
}

function unknownKey(key: string): Failure {
  const near = nearest(
    key,
    listSettings().map((setting) => setting.key),
  );
  return wrongUse(
    `\`${safeText(key)}\` is no key of the configuration${near === null ? '; see `hardshell config default`' : `; did you mean \`${near}\`?`}`,
  );
}
