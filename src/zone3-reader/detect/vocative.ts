import { BIT } from './concepts.ts';
import type { Hit } from './hits.ts';
import type { Evidence } from './score.ts';

/** Words that also name people and wares: alone they are weaker. */
const WEAK =
  /^(?:agents?|assistante?n?s?|assistent(?:en|e)?|asistentes?|assistenti?|models?|modell|modelos?|modele|bots?|агент\p{L}*|модел\p{L}*|助手|助理|模型|アシスタント)$/iu;
/** What may stand between the name and its comma: `AI assistant reading this:`. */
const TAIL = /^(?:[ -][\p{L}\p{N}'’-]{1,20}){0,4}\s?(?:[:：,，]|[。—–-]\s)/u;
/** `User-Agent:` and its kind. */
const FIELD_NAME = /^(?!AI|KI|IA)[A-Z][a-z]*(?:-[A-Z][a-z]*)+:$/;
const TRADE = /\b(?:mail|user|transfer|delivery|travel|estate|sales|support|insurance|shipping|free)[ -]$/i;
const HEAD_WORDS_MAX = 6;
/** What leads to a name that is called on: greetings, prepositions, articles, words for a note. */
const HEAD =
  /^(?:p\.?s|dear|hey|hi|hello|to|note|notes|attention|attn|for|any|all|every|the|my|an?|this|important|urgent|message|notice|instructions?|hidden|secret|new|lieber?|liebe[rs]?|hallo|achtung|hinweis|nachricht|für|das|die|der|den|dem|remarque|message|à|l|l'\p{L}*|cher|chère|pour|le|la|les|un|une|nota|mensaje|para|el|los|las|estimado|querido|al|caro|cara|per|messaggio|ao|aos|o|a|os|as|prezado|beste|voor|aan|de|het|een|bericht|внимание|уважаемый|для|всем|ai|ki|ia|ии|l'ia|[a-z]{1,2})$/iu;
const VERB =
  /\b(?:is|are|was|were|has|have|had|can|could|will|would|may|might|does|do|did|that|which|who|outputs?|ist|sind|kann|est|sont|es|son|sono|é|são)\b/iu;
const LINE_START = /[\n.!?。！？;(]/;
const WARES =
  /^[ -](?:managers?|professors?|directors?|editors?|secretar\p{L}*|company|companies|engineers?|team|tools?|news|conference|summit|product|platform|startup)/iu;

/** Places where a text calls on a machine by name: `Dear assistant,` `To any AI reading this:` `AI助手请注意：`. */
export function vocatives(text: string, hits: readonly Hit[]): Evidence[] {
  const found: Evidence[] = [];
  for (const hit of hits) {
    if ((hit.mask & BIT.model) === 0 || found.length >= 20) continue;
    const after = text.slice(hit.end, hit.end + 100);
    const tail = TAIL.exec(after)?.[0];
    if (tail === undefined || VERB.test(tail) || WARES.test(after) || !startsLine(text, hit.start)) continue;
    const word = text.slice(hit.start, hit.end);
    if (FIELD_NAME.test(`${word}${after.charAt(0)}`) || TRADE.test(text.slice(Math.max(0, hit.start - 16), hit.start)))
      continue;
    const weak = WEAK.test(word);
    found.push({
      rule: 'injection_addressed',
      weight: weak ? 0.35 : 0.55,
      start: hit.start,
      end: hit.end,
      why: 'calls on an assistant by name',
    });
  }
  return found;
}

function startsLine(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 60), at);
  let start = before.length;
  while (start > 0 && !LINE_START.test(before.charAt(start - 1))) start -= 1;
  if (start === 0 && at > 60) return false;
  const words = before
    .slice(start)
    .split(/[\s,;:'’"*_-]+/)
    .filter((word) => /\p{L}/u.test(word));
  return words.length <= HEAD_WORDS_MAX && words.every((word) => HEAD.test(word));
}
