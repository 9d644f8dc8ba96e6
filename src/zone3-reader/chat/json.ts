import { JSON_RECORDS } from '../../contracts/index.ts';
import { CAPS } from '../caps.ts';

export type ChatJson =
  | { readonly kind: 'value'; readonly value: unknown; readonly notes: readonly JsonNote[] }
  | { readonly kind: 'failed'; readonly note: JsonNote; readonly text: string };

/** What is wrong with a JSON text; each goes into a finding. */
export interface JsonNote {
  readonly rule: string;
  readonly why: string;
}

/** Characters of a text that cannot be parsed which are kept for the detector. */
const KEPT = 20_000;

/** Parses one message. Size, depth and number of values are capped before the parser sees them. Never throws. */
export function parseChatJson(raw: Uint8Array): ChatJson {
  const notes: JsonNote[] = [];
  if (raw.length > JSON_RECORDS.recordBytesMax) {
    return failed('json_too_large', `the message has ${raw.length} bytes: it was not read`, raw);
  }
  const text = decode(raw, notes);
  const shape = shapeOf(text);
  if (shape.kind !== 'fine') return failed(shape.kind, shape.why, raw);
  if (shape.repeated > 0) {
    notes.push({
      rule: 'json_repeated_name',
      why: `${shape.repeated} names stand twice in one object; the last counts`,
    });
  }
  try {
    return { kind: 'value', value: JSON.parse(text), notes };
  } catch {
    return failed('not_json', 'the message is no JSON: nothing of it was read', raw);
  }
}

function failed(rule: string, why: string, raw: Uint8Array): ChatJson {
  const text = new TextDecoder().decode(raw.subarray(0, KEPT));
  return { kind: 'failed', note: { rule, why }, text };
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function decode(raw: Uint8Array, notes: JsonNote[]): string {
  try {
    return UTF8.decode(raw);
  } catch {
    notes.push({ rule: 'json_not_utf8', why: 'the message is not UTF-8 throughout; what cannot be read was replaced' });
    return new TextDecoder().decode(raw);
  }
}

type Shape =
  | { readonly kind: 'fine'; readonly repeated: number }
  | { readonly kind: 'json_too_deep' | 'json_too_many_values'; readonly why: string };

/** One pass over brackets and names, before anything is built. On text that is no JSON it may answer anything. */
function shapeOf(text: string): Shape {
  const names: (Set<string> | null)[] = [null];
  let values = 0;
  let repeated = 0;
  let nameComes = false;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: {
        const end = stringEnd(text, i + 1);
        if (nameComes && isRepeated(names.at(-1) ?? null, text.slice(i + 1, end))) repeated += 1;
        nameComes = false;
        i = end;
        break;
      }
      case 0x7b:
      case 0x5b: {
        nameComes = text.charCodeAt(i) === 0x7b;
        names.push(nameComes ? new Set() : null);
        values += 1;
        if (names.length - 1 > CAPS.jsonDepthMax)
          return {
            kind: 'json_too_deep',
            why: `the message is nested deeper than ${CAPS.jsonDepthMax}: it was not read`,
          };
        break;
      }
      case 0x7d:
      case 0x5d:
        if (names.length > 1) names.pop();
        nameComes = false;
        break;
      case 0x2c:
        nameComes = (names.at(-1) ?? null) !== null;
        values += 1;
        break;
      default:
    }
    if (values > CAPS.jsonValuesMax)
      return {
        kind: 'json_too_many_values',
        why: `the message has over ${CAPS.jsonValuesMax} values: it was not read`,
      };
  }
  return { kind: 'fine', repeated };
}

/** Index of the quotation mark that ends a string, or the end of the text. */
function stringEnd(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5c) i += 1;
    else if (code === 0x22) return i;
  }
  return text.length;
}

function isRepeated(names: Set<string> | null, written: string): boolean {
  if (names === null) return false;
  const name = written.includes('\\') ? unescaped(written) : written;
  if (names.has(name)) return true;
  names.add(name);
  return false;
}

function unescaped(written: string): string {
  try {
    const read: unknown = JSON.parse(`"${written}"`);
    return typeof read === 'string' ? read : written;
  } catch {
    return written;
  }
}
