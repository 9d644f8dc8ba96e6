import { FILE_PLACE, memberAt, type JsonPlace } from './json-places.ts';

/** What a scan tells while it goes over the bytes; places are bytes of the file. At most one record is open. */
export interface JsonEvents {
  readonly recordBegan: (at: number) => void;
  readonly recordEnded: (end: number) => void;
  /** The open record holds the records itself, or cannot be ended: it is none. */
  readonly recordDropped: () => void;
  readonly recordTooDeep: () => void;
  readonly fault: (at: number, why: string) => void;
}

export const JSON_SCAN = {
  /** Brackets inside one another; messages of both services have a dozen. */
  depthMax: 256,
  /** Bytes of a member's name that are looked at. */
  nameBytesMax: 64,
  /** Faulty lines of one file of JSON lines that are told before the rest is given up. */
  faultsMax: 100,
} as const;

type State =
  | 'begin'
  | 'value'
  | 'value_or_end'
  | 'name'
  | 'name_or_end'
  | 'colon'
  | 'after'
  | 'string'
  | 'escape'
  | 'scalar'
  | 'deep'
  | 'next_line'
  | 'stopped';

const [LF, QUOTE, COMMA, COLON, BACKSLASH] = [0x0a, 0x22, 0x2c, 0x3a, 0x5c];
const [ARRAY, ARRAY_END, OBJECT, OBJECT_END] = [0x5b, 0x5d, 0x7b, 0x7d];
const BOM = [0xef, 0xbb, 0xbf];
const NO_RECORD = -1;
const AT_REST: ReadonlySet<State> = new Set(['begin', 'after', 'next_line', 'stopped']);

/**
 * Follows brackets, strings and names of JSON text and nothing else, in constant memory. After a fault it stops, but in
 * JSON lines, where it goes on with the next line.
 */
export class JsonScanner {
  readonly #events: JsonEvents;
  #state: State = 'begin';
  #depth = 0;
  /** Depth of the open record's value; -1 without one. */
  #recordDepth = NO_RECORD;
  /** By depth, up to `depthMax`: what closes the value that was opened there, and its place. */
  readonly #closers = new Uint8Array(JSON_SCAN.depthMax + 1);
  readonly #places: (JsonPlace | null)[] = [];
  /** The place of the value that comes next; null: of no interest. */
  #place: JsonPlace | null = FILE_PLACE;
  #inName = false;
  /** Bytes of the name, where it could lead to messages. */
  #name: number[] | null = null;
  /** Whole values at the top, whether each stood on a line of its own, and whether this line began with blanks only. */
  #topValues = 0;
  #oneLineEach = true;
  #lineIsBlank = true;
  #faults = 0;

  constructor(events: JsonEvents) {
    this.#events = events;
  }

  /** `base`: bytes of the file before `chunk`. */
  scan(chunk: Uint8Array, base: number): void {
    for (let i = 0; i < chunk.length && this.#state !== 'stopped'; i++) {
      if (this.#state === 'string') {
        i = this.#passString(chunk, i);
        if (i === chunk.length) break;
      }
      this.#step(chunk[i] ?? 0, base + i);
    }
  }

  /** The file ends at byte `at`. */
  end(at: number): void {
    if (this.#state === 'scalar') this.#valueEnded(at);
    const isWhole = this.#depth === 0 && AT_REST.has(this.#state);
    this.#state = 'stopped';
    if (!isWhole) this.#events.fault(at, 'the file ends in the middle of a value');
  }

  /** The next byte of a string that means something; notes what it passes while a name is read. */
  #passString(chunk: Uint8Array, from: number): number {
    let i = from;
    for (; i < chunk.length; i++) {
      const byte = chunk[i] ?? 0;
      if (byte === QUOTE || byte === BACKSLASH || byte === LF) break;
      if (this.#name !== null) this.#note(byte);
    }
    return i;
  }

  #note(byte: number): void {
    if (this.#name !== null && this.#name.length < JSON_SCAN.nameBytesMax) this.#name.push(byte);
  }

  #step(byte: number, at: number): void {
    switch (this.#state) {
      case 'string':
        if (byte === LF) this.#fault(byte, at, 'a line ends inside a string');
        else if (byte === QUOTE) this.#stringEnded(at);
        else {
          this.#note(byte);
          this.#state = 'escape';
        }
        return;
      case 'escape':
        this.#note(byte);
        this.#state = 'string';
        return;
      case 'scalar':
        if (isScalarByte(byte)) return;
        this.#valueEnded(at);
        this.#step(byte, at);
        return;
      case 'deep':
        this.#deepByte(byte, at);
        return;
      case 'next_line':
        if (byte === LF) this.#restart();
        return;
      case 'stopped':
        return;
      default:
        if (isBlank(byte)) this.#blank(byte);
        else if (!(this.#state === 'begin' && at < 3 && byte === BOM[at])) this.#structure(byte, at);
    }
  }

  #blank(byte: number): void {
    if (byte !== LF) return;
    if (this.#depth > 0) this.#oneLineEach &&= this.#topValues > 0;
    this.#lineIsBlank = true;
  }

  /** Anything but blanks, outside strings and numbers. */
  #structure(byte: number, at: number): void {
    const expected = this.#state;
    if (expected === 'after' && this.#depth > 0) this.#afterValue(byte, at);
    else if (expected === 'colon') {
      if (byte === COLON) this.#state = 'value';
      else this.#fault(byte, at, 'a colon is missing');
    } else if (expected === 'name' || expected === 'name_or_end') {
      if (byte === QUOTE) this.#beginName();
      else if (byte === OBJECT_END && expected === 'name_or_end') this.#closeBracket(byte, at);
      else this.#fault(byte, at, 'the name of a member is missing');
    } else if (byte === ARRAY_END && expected === 'value_or_end') this.#closeBracket(byte, at);
    else this.#beginValue(byte, at);
    this.#lineIsBlank = false;
  }

  #afterValue(byte: number, at: number): void {
    const closer = this.#closers[this.#depth];
    if (byte === COMMA) {
      this.#state = closer === ARRAY_END ? 'value' : 'name';
      this.#place = closer === ARRAY_END ? this.#elementPlace() : null;
    } else if (byte === closer) this.#closeBracket(byte, at);
    else this.#fault(byte, at, 'a comma or a closing bracket is missing');
  }

  #beginName(): void {
    const parent = this.#places[this.#depth] ?? null;
    this.#name = parent === null ? null : [];
    this.#place = null;
    this.#inName = true;
    this.#state = 'string';
  }

  #stringEnded(at: number): void {
    if (this.#inName) {
      const parent = this.#places[this.#depth] ?? null;
      if (parent !== null && this.#name !== null) this.#place = memberAt(parent, this.#name);
      this.#inName = false;
      this.#name = null;
      this.#state = 'colon';
    } else if (this.#depth > JSON_SCAN.depthMax) this.#state = 'deep';
    else this.#valueEnded(at + 1);
  }

  #beginValue(byte: number, at: number): void {
    if (byte !== OBJECT && byte !== ARRAY && byte !== QUOTE && !beginsScalar(byte)) {
      this.#fault(byte, at, 'no value begins like this');
      return;
    }
    if (this.#depth === 0) this.#place = FILE_PLACE;
    const inRecords = this.#closers[this.#depth] === ARRAY_END && this.#places[this.#depth]?.elements === 'records';
    if (this.#recordDepth === NO_RECORD && (this.#depth === 0 || inRecords)) {
      this.#recordDepth = this.#depth;
      this.#events.recordBegan(at);
    }
    if (byte === QUOTE) this.#state = 'string';
    else if (byte === OBJECT || byte === ARRAY) this.#openBracket(byte);
    else this.#state = 'scalar';
  }

  #openBracket(byte: number): void {
    this.#depth += 1;
    if (this.#depth > JSON_SCAN.depthMax) {
      if (this.#recordDepth !== NO_RECORD) this.#events.recordTooDeep();
      this.#state = 'deep';
      return;
    }
    const isArray = byte === ARRAY;
    const place = this.#place;
    const leadsOn = place !== null && (isArray ? place.elements !== null : Object.keys(place.members).length > 0);
    this.#closers[this.#depth] = isArray ? ARRAY_END : OBJECT_END;
    this.#places[this.#depth] = leadsOn ? place : null;
    // The records stand inside: what was begun further out is no record itself.
    if (leadsOn && isArray) this.#dropRecord();
    this.#place = isArray ? this.#elementPlace() : null;
    this.#state = isArray ? 'value_or_end' : 'name_or_end';
  }

  #closeBracket(byte: number, at: number): void {
    if (byte !== this.#closers[this.#depth]) {
      this.#fault(byte, at, 'a closing bracket does not match');
      return;
    }
    this.#depth -= 1;
    this.#valueEnded(at + 1);
  }

  /** So far inside that only brackets are counted. */
  #deepByte(byte: number, at: number): void {
    if (byte === QUOTE) this.#state = 'string';
    else if (byte === OBJECT || byte === ARRAY) this.#depth += 1;
    else if (byte === OBJECT_END || byte === ARRAY_END) {
      this.#depth -= 1;
      if (this.#depth === JSON_SCAN.depthMax) this.#valueEnded(at + 1);
    }
  }

  /** `end`: bytes of the file up to the end of the value. */
  #valueEnded(end: number): void {
    this.#state = 'after';
    if (this.#depth === 0) this.#topValues += 1;
    if (this.#recordDepth !== this.#depth) return;
    this.#recordDepth = NO_RECORD;
    this.#events.recordEnded(end);
  }

  #dropRecord(): void {
    if (this.#recordDepth === NO_RECORD) return;
    this.#recordDepth = NO_RECORD;
    this.#events.recordDropped();
  }

  #elementPlace(): JsonPlace | null {
    const elements = this.#places[this.#depth]?.elements ?? null;
    return elements === 'records' ? null : elements;
  }

  #fault(byte: number, at: number, why: string): void {
    this.#faults += 1;
    this.#events.fault(at, why);
    const isLines = this.#topValues > 0 && this.#oneLineEach && this.#faults < JSON_SCAN.faultsMax;
    const beginsLine = this.#lineIsBlank && this.#depth > 0 && (byte === OBJECT || byte === ARRAY);
    this.#dropRecord();
    this.#restart();
    if (!isLines) this.#state = 'stopped';
    else if (beginsLine) this.#beginValue(byte, at);
    else if (byte !== LF) this.#state = 'next_line';
  }

  /** At the beginning of a line, outside every value. */
  #restart(): void {
    this.#depth = 0;
    this.#inName = false;
    this.#name = null;
    this.#lineIsBlank = true;
    this.#state = 'after';
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === LF || byte === 0x0d || byte === 0x09;
}

/** A digit, a minus, or the first letter of `true`, `false` and `null`. */
function beginsScalar(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x74 || byte === 0x66 || byte === 0x6e;
}

/** Letters, digits, signs and points: numbers and the three words. Whether it is one is for the reader to say. */
function isScalarByte(byte: number): boolean {
  const isWord = (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a);
  return isWord || byte === 0x2d || byte === 0x2b || byte === 0x2e || byte === 0x45;
}
