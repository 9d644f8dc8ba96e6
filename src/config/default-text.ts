import { listSettings, type Setting } from './settings.ts';

/**
 * The file as it is written at first start: every key with what it means and its default, all of it commented out but
 * for what an owner wants to change first. Parsing it gives the defaults.
 */
export function defaultConfigText(): string {
  const settings = listSettings();
  const sections = settings.filter((setting) => !setting.key.includes('.'));
  return [
    '// Hardshell. JSON5: comments, trailing commas and bare keys are fine; `${NAME}` in a text is taken from the',
    '// environment. Unknown keys are refused, and no secret may stand here. Check with `hardshell config validate`.',
    '{',
    ...sections.map((section) => renderSection(section, settings)),
    '}',
    '',
  ].join('\n');
}

const LIVE = new Set(['mail.address', 'mail.name']);

function renderSection(section: Setting, settings: readonly Setting[]): string {
  const members = settings.filter(
    (setting) => setting.key.split('.').length === 2 && setting.key.startsWith(`${section.key}.`),
  );
  const lines = members.flatMap((member) => renderMember(member, settings));
  return [`  ${section.key}: {`, ...lines.map((line) => `    ${line}`), '  },'].join('\n');
}

function renderMember(member: Setting, settings: readonly Setting[]): string[] {
  const name = member.key.split('.').at(-1) ?? '';
  const inner = settings.filter((setting) => setting.key.startsWith(`${member.key}.`));
  const lead = LIVE.has(member.key) ? '' : '// ';
  const value =
    member.key === 'models.local' ? EXAMPLE_MODEL : member.leaf ? JSON.stringify(member.initial) : renderInline(inner);
  return [`// ${member.what}`, `${lead}${name}: ${value},`];
}

const EXAMPLE_MODEL = '{ baseUrl: "http://127.0.0.1:11434/v1", model: "qwen3:8b" }';

function renderInline(settings: readonly Setting[]): string {
  return `{ ${settings.map(({ key, initial }) => `${key.split('.').at(-1) ?? ''}: ${JSON.stringify(initial)}`).join(', ')} }`;
}
