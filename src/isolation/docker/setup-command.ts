import { SETUP_TABLES } from './setup-words.ts';

/** A setup command that may run: its argument lists, in order, each handed to a program and never to a shell. */
export type SetupVerdict =
  | { readonly kind: 'accepted'; readonly commands: readonly (readonly string[])[] }
  /** `reason`: one sentence that names what is in the way and what to do. */
  | { readonly kind: 'refused'; readonly reason: string };

const TEXT_MAX = 2_000;
const COMMANDS_MAX = 16;
const WORDS_MAX = 64;

/**
 * Reads the optional setup command of an agent's image. The grammar is small on purpose: words of a few characters,
 * single or double quotes around a literal, `&&` or a line end between commands. Nothing is expanded, so what is looked
 * at here is what would run; whatever a shell would make something else of is refused.
 */
export function checkSetupCommand(source: string | readonly string[]): SetupVerdict {
  const texts = typeof source === 'string' ? [source] : source;
  const commands: string[][] = [];
  for (const text of texts) {
    const parsed = parseCommands(text);
    if (typeof parsed === 'string') return refuse(parsed);
    commands.push(...parsed);
  }
  if (commands.length > COMMANDS_MAX) return refuse(`more than ${COMMANDS_MAX} commands; build an image instead`);
  for (const command of commands) {
    const reason = judgeCommand(command);
    if (reason !== undefined) return refuse(reason);
  }
  return { kind: 'accepted', commands };
}

/** Words a shell would see, or the sentence that says why this is none of ours. */
function parseCommands(text: string): string[][] | string {
  if (text.length > TEXT_MAX) return `longer than ${TEXT_MAX} characters; build an image instead`;
  const strange = /[^\x20-\x7e\n]/u.exec(text)?.[0];
  // Letters that only look like others, invisible ones, escapes of a terminal.
  if (strange !== undefined) return `it has the character U+${hex(strange)}, and only plain ASCII is read`;
  const commands: string[][] = [[]];
  let word: string | undefined;
  const endWord = (): void => {
    if (word !== undefined) commands.at(-1)?.push(word);
    word = undefined;
  };
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === ' ') endWord();
    else if (character === '\n' || text.startsWith('&&', at)) {
      endWord();
      commands.push([]);
      if (character === '&') at += 1;
    } else if (character === "'" || character === '"') {
      const end = text.indexOf(character, at + 1);
      if (end < 0) return 'a quote is not closed';
      const literal = text.slice(at + 1, end);
      const active = character === '"' ? /[$`\\!]/.exec(literal)?.[0] : undefined;
      if (active !== undefined)
        return `\`${active}\` inside double quotes is something else to a shell; use a plain word`;
      if (literal.includes('\n')) return 'a quoted word goes over a line';
      word = (word ?? '') + literal;
      at = end;
    } else if (PLAIN.test(character)) word = (word ?? '') + character;
    else return `\`${character}\` is a sign of the shell, and no shell reads this; write plain words, joined by \`&&\``;
  }
  endWord();
  return commands.filter((command) => command.length > 0);
}

/** No `$`, backtick, backslash, glob, brace, tilde, redirection, pipe, semicolon, parenthesis or history sign. */
const PLAIN = /[\w@%+=:,./-]/;

function judgeCommand(command: readonly string[]): string | undefined {
  const [program = ''] = command;
  if (command.length > WORDS_MAX) return `a command of more than ${WORDS_MAX} words`;
  if (/^\w+=/.test(program)) return `\`${program}\` sets a variable before a command; name the program first`;
  const name = program.slice(program.lastIndexOf('/') + 1);
  if (!SETUP_TABLES.programs.has(name)) return refusalOf(name.toLowerCase(), program);
  if (program.includes('/') && !SETUP_TABLES.places.some((place) => program === `${place}/${name}`))
    return `\`${program}\` is a program from an unusual place; name it without a path`;
  for (const word of command.slice(1)) {
    const reason = judgeWord(word);
    if (reason !== undefined) return reason;
  }
  return SETUP_TABLES.special[name]?.(command.slice(1));
}

/** Why a program is not taken: those that people will try are told what they are. */
function refusalOf(name: string, program: string): string {
  const family = Object.entries(SETUP_TABLES.refused).find(([, names]) =>
    names.some((refused) => matches(name, refused)),
  );
  return family === undefined
    ? `\`${program}\` is not one of the programs a setup command may run; put it into the image instead`
    : `\`${program}\` ${family[0]}; put what you need into the image instead`;
}

/** `python` also stands for `python3.11`, `nc` also for `nc.openbsd`. */
function matches(name: string, refused: string): boolean {
  return name === refused || (name.startsWith(refused) && /^[\d.-]/.test(name.slice(refused.length)));
}

function judgeWord(word: string): string | undefined {
  const flat = word.toLowerCase();
  // A path may stand after an equals sign, and slashes may be doubled.
  const path = (flat.split(/[=:,]/).find((part) => part.startsWith('/')) ?? flat).replace(/\/(?:\.?\/)+/g, '/');
  const place = SETUP_TABLES.paths.find((forbidden) => path === forbidden || path.startsWith(`${forbidden}/`));
  if (place !== undefined) return `\`${place}\` is not for a setup command: it reaches outside the workspace`;
  const name = SETUP_TABLES.names.find((forbidden) => path.split(/[/=:]/).includes(forbidden));
  if (name !== undefined) return `\`${name}\` is not for a setup command: it lends secrets or runs what stands in it`;
  const part = SETUP_TABLES.parts.find((forbidden) => flat.includes(forbidden));
  if (part !== undefined) return `\`${part}\` is not for a setup command: it opens the wall of a container`;
  if (SETUP_TABLES.urls.test(flat)) return `\`${word}\` is an address on a network, and a zone has none`;
  if (flat.split('/').includes('..')) return `\`${word}\` climbs with \`..\`; write the path in full`;
  return undefined;
}

function hex(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}

function refuse(reason: string): SetupVerdict {
  return { kind: 'refused', reason: `the setup command is refused: ${reason}` };
}
