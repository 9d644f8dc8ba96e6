/** The ideas that orders to a machine are made of. Rules speak of these; words of a language stand in `lexicon-*.ts`. */
export const CONCEPTS = [
  'drop', // stop following
  'prior', // what came before, all of it
  'rules', // instructions, prompt, guidelines
  'you',
  'your',
  'must',
  'model', // assistant, language model, bot
  'user', // the person behind the assistant, in the third person
  'tool', // function, plug-in, API
  'use', // call, invoke
  'send',
  'secret', // password, key, credential
  'mailbox', // messages, contacts, conversation
  'papers', // documents, files, data
  'reveal',
  'no',
  'tell',
  'fresh', // new, following, real
  'task',
  'reply', // answer, output, summary
  'act', // pretend, play a part
  'change', // modify, append, replace, delete
  'make', // write, compose, generate
  'first', // before, after that
  'obey', // follow, comply, execute
  'decode',
  'quiet', // secretly, without notice
  'urgent',
  'limits', // restrictions, filters
  'system', // system, developer, administrator
  'about', // talk about attacks: quoting, not ordering
  'target', // an address or URL
] as const;

export type Concept = (typeof CONCEPTS)[number];

/** One bit a concept. */
export const BIT: Readonly<Record<Concept, number>> = Object.fromEntries(
  CONCEPTS.map((concept, index) => [concept, 1 << index]),
) as Record<Concept, number>;

/** Words of one language: separated by blanks, lower case, without marks; `*` stands for any ending. */
export type Lexicon = Readonly<Partial<Record<Concept, string>>>;
