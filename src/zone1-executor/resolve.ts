import {
  accepted,
  join,
  joinAll,
  mailSchema,
  parseMailAddress,
  PRISTINE,
  refused,
  type Audience,
  type AuthorityValue,
  type Label,
  type MailParams,
  type Outcome,
  type SourceFacts,
} from '../contracts/index.ts';
import { sql, type Reader } from '../state/index.ts';
import { getContent, type StoredContent } from './content-store.ts';
import type { ContactBook } from './ports.ts';
import { isReference, resolveReference } from './references.ts';
import { contentLabel, contentOfRef, type Session } from './sessions.ts';

/** A mail with every reference replaced by its value, and the labels frozen with it. */
export interface ResolvedMail {
  readonly params: MailParams;
  readonly values: readonly AuthorityValue[];
  /** Join over everything that goes out. */
  readonly payload: Label;
  readonly sources: readonly SourceFacts[];
  readonly warnedSources: number;
  readonly references: number;
  /** Claimed Message-ID of the mail that is answered. */
  readonly answersTo: string | null;
}

const ROLES = ['to', 'cc', 'bcc'] as const;

interface Leafs {
  readonly labels: Map<string, Label>;
  references: number;
}

/**
 * Resolves the parameters of `send_email` and `draft_email` once. What comes out is what is hashed, judged, shown and
 * sent; nothing is looked up again.
 * A literal takes the session's label: the planner may have copied it from anything it was given.
 */
export function resolveMail(
  reader: Reader,
  session: Session,
  contacts: ContactBook,
  requested: Readonly<Record<string, unknown>>,
): Outcome<ResolvedMail> {
  if (typeof requested['draft'] === 'string') return resolveDraft(reader, session, contacts, requested['draft']);
  const leafs: Leafs = { labels: new Map(), references: 0 };
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(requested)) {
    if (value === undefined || name === 'in_reply_to') continue;
    const many = Array.isArray(value);
    const resolved: string[] = [];
    for (const [index, leaf] of (many ? value : [value]).entries()) {
      const path = many ? `${name}.${index}` : name;
      const one = resolveLeaf(reader, session, path, leaf, leafs);
      if (!one.ok) return one;
      resolved.push(one.value);
    }
    values[name] = many ? resolved : resolved[0];
  }
  if (requested['in_reply_to'] !== undefined) values['in_reply_to'] = requested['in_reply_to'];
  return finish(reader, session, contacts, values, leafs);
}

function resolveLeaf(reader: Reader, session: Session, path: string, leaf: unknown, leafs: Leafs): Outcome<string> {
  if (typeof leaf === 'string') {
    leafs.labels.set(path, session.label);
    return accepted(leaf);
  }
  if (!isReference(leaf)) return invalid(path, 'must be text or a reference');
  const found = resolveReference(reader, session.sid, leaf);
  if (found.kind === 'not_found')
    return refused('not_found', `the reference in \`${path}\` is not one of this session`);
  if (found.kind === 'not_text') return invalid(path, 'the reference must point at a whole text value');
  const confidentiality = getContent(reader, found.kid)?.confidentiality ?? 'secret';
  leafs.labels.set(path, contentLabel(found.kid, confidentiality));
  leafs.references += 1;
  return accepted(found.text);
}

function finish(
  reader: Reader,
  session: Session,
  contacts: ContactBook,
  values: Record<string, unknown>,
  leafs: Leafs,
): Outcome<ResolvedMail> {
  const parsed = mailSchema.safeParse(values);
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
    return refused('invalid_params', 'the parameters do not fit the action once resolved', {
      requires_approval: true,
      issues,
    });
  }
  const params = parsed.data;
  const answers = answeredMail(reader, session, params.in_reply_to);
  if (answers === 'not_found') return refused('not_found', '`in_reply_to` is not a reference of this session');
  const answerLabel = answers === null ? PRISTINE : contentLabel(answers.kid, answers.confidentiality);
  const payload = join(joinAll([...leafs.labels.values()]), answerLabel);
  const sources = payload.sources.map((id) => ({ id, content: getContent(reader, id) }));
  return accepted({
    params,
    values: authorityValues(reader, params, session, contacts, leafs),
    payload,
    sources: sources.map(({ id, content }) => sourceFacts(id, content)),
    warnedSources: sources.filter(({ content }) => content?.warned ?? true).length,
    references: leafs.references,
    answersTo: answers?.messageId ?? null,
  });
}

function answeredMail(reader: Reader, session: Session, ref: string | undefined): StoredContent | null | 'not_found' {
  if (ref === undefined) return null;
  const kid = contentOfRef(reader, session.sid, ref);
  return (kid === undefined ? undefined : getContent(reader, kid)) ?? 'not_found';
}

/**
 * The recipients with what policy must know of each. "Named" needs a literal that equals, whole, an address that the
 * owner typed for this role, and that stands nowhere in delivered content.
 */
function authorityValues(
  reader: Reader,
  params: MailParams,
  session: Session,
  contacts: ContactBook,
  leafs: Leafs,
): AuthorityValue[] {
  return ROLES.flatMap((role) =>
    (params[role] ?? []).map((text, index) => {
      const key = parseMailAddress(text)?.key ?? text;
      const label = leafs.labels.get(`${role}.${index}`) ?? session.label;
      const literal = label === session.label;
      const typed =
        key === contacts.self || contacts.nameOf(key) !== null || (role === 'to' && session.named.includes(key));
      const named = literal && typed && !standsInSources(reader, session, key);
      return {
        role,
        value: text,
        label: named ? PRISTINE : label,
        named,
        audience: audienceOf(key, contacts),
      };
    }),
  );
}

function audienceOf(key: string, contacts: ContactBook): Audience {
  if (key === contacts.self) return 'self';
  return contacts.nameOf(key) === null ? 'unknown' : 'contact';
}

const SOURCES_AT_ONCE = 500;

/**
 * Whether an address key (ASCII, without quotes) stands anywhere in what has flowed into the session: delivered to it,
 * or brought along by a scheduled task. What is not stored any more may have held it. The database looks, so that no
 * message is parsed for it.
 */
function standsInSources(reader: Reader, { label }: Session, key: string): boolean {
  for (let at = 0; at < label.sources.length; at += SOURCES_AT_ONCE) {
    const some = label.sources.slice(at, at + SOURCES_AT_ONCE);
    const without = sql
      .selectFrom('contents')
      .select(({ fn }) => fn.countAll<number>().as('n'))
      .where('kid', 'in', some)
      .where('extract', 'is not', null)
      .where((eb) => eb(eb.fn<number>('instr', [eb.fn('lower', ['extract']), eb.val(key)]), '=', 0));
    if (reader.get(without)?.n !== some.length) return true;
  }
  return false;
}

/** INVARIANT: a source that is not stored any more stays a source: private, seen by nobody. */
function sourceFacts(id: string, source: StoredContent | undefined): SourceFacts {
  const confidentiality = contentLabel(id, source?.confidentiality ?? 'private').confidentiality;
  return {
    id,
    channel: source?.channel ?? 'unknown',
    confidentiality,
    readers: source === undefined || source.sender === '' ? [] : [source.sender],
  };
}

interface StoredDraft {
  readonly params: Readonly<Record<string, unknown>>;
  readonly labels: readonly (readonly [string, Label])[];
}

/** What `draft_email` keeps: the resolved values with the label of each. */
export function draftOf(mail: ResolvedMail, session: Session): string {
  const labels: [string, Label][] = [];
  for (const role of ROLES)
    (mail.params[role] ?? []).forEach((_, index) =>
      labels.push([`${role}.${index}`, join(mail.payload, session.label)]),
    );
  labels.push(['subject', join(mail.payload, session.label)], ['body', join(mail.payload, session.label)]);
  return JSON.stringify({ params: mail.params, labels } satisfies StoredDraft);
}

function resolveDraft(reader: Reader, session: Session, contacts: ContactBook, did: string): Outcome<ResolvedMail> {
  const row = reader.get(
    sql.selectFrom('drafts').select('params').where('did', '=', did).where('sid', '=', session.sid),
  );
  if (row === undefined) return refused('not_found', 'no such draft in this session');
  const draft = JSON.parse(row.params) as StoredDraft;
  const labels = new Map(draft.labels.map(([path, label]) => [path, join(label, session.label)]));
  return finish(reader, session, contacts, { ...draft.params }, { labels, references: 1 });
}

function invalid(path: string, message: string): Outcome<never> {
  return refused('invalid_params', `\`${path}\` ${message}`, { requires_approval: true, issues: [{ path, message }] });
}
