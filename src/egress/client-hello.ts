import type { EgressReason } from '../contracts/index.ts';

export type ParsedHello =
  { readonly ok: true; readonly name: string } | { readonly ok: false; readonly reason: EgressReason };

const EXTENSION_SERVER_NAME = 0x0000;
const NAME_TYPE_HOST = 0;
/** encrypted_client_hello and its inner list, the drafts before it, and encrypted_server_name. */
const HIDING = new Set([0xfd00, 0xfe08, 0xfe09, 0xfe0a, 0xfe0b, 0xfe0c, 0xfe0d, 0xfe0e, 0xfe0f, 0xffce]);

/** The one server that a ClientHello (without its header) names, lower-case. Attacker-controlled bytes: never throws. */
export function parseClientHello(body: Buffer): ParsedHello {
  const hello = new Cursor(body);
  hello.take(2 + 32);
  const session = hello.vector(1);
  const ciphers = hello.vector(2);
  const compression = hello.vector(1);
  if (session.length > 32 || ciphers.length < 2 || ciphers.length % 2 !== 0 || compression.length === 0) {
    return refuse('hello_malformed');
  }
  if (hello.done) return refuse(hello.failed ? 'hello_malformed' : 'sni_missing');
  const extensions = new Cursor(hello.vector(2));
  if (hello.failed || !hello.done) return refuse('hello_malformed');
  return readExtensions(extensions);
}

function readExtensions(extensions: Cursor): ParsedHello {
  const seen = new Set<number>();
  let named: ParsedHello = refuse('sni_missing');
  while (!extensions.done) {
    const type = extensions.number(2);
    const data = extensions.vector(2);
    // A second extension of one type is what one reader may skip and another may follow.
    if (extensions.failed || seen.has(type)) return refuse('hello_malformed');
    seen.add(type);
    if (HIDING.has(type)) return refuse('ech_refused');
    if (type === EXTENSION_SERVER_NAME) named = readServerName(data);
  }
  return extensions.failed ? refuse('hello_malformed') : named;
}

function readServerName(data: Buffer): ParsedHello {
  const outer = new Cursor(data);
  const list = new Cursor(outer.vector(2));
  if (outer.failed || !outer.done || list.done) return refuse('hello_malformed');
  const type = list.number(1);
  const name = list.vector(2);
  if (list.failed || type !== NAME_TYPE_HOST || name.length === 0) return refuse('hello_malformed');
  if (!list.done) return refuse('sni_several');
  // Byte by byte: a byte beyond ASCII stays one character and so can equal no listed name.
  return { ok: true, name: name.toString('latin1').replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()) };
}

function refuse(reason: EgressReason): { readonly ok: false; readonly reason: EgressReason } {
  return { ok: false, reason };
}

/** Reads forward; once something is missing it has failed and gives nothing more. */
class Cursor {
  readonly #bytes: Buffer;
  #at = 0;
  #failed = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get failed(): boolean {
    return this.#failed;
  }

  get done(): boolean {
    return this.#failed || this.#at === this.#bytes.length;
  }

  take(count: number): Buffer {
    if (this.#failed || this.#at + count > this.#bytes.length) {
      this.#failed = true;
      return Buffer.alloc(0);
    }
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  number(bytes: 1 | 2): number {
    const taken = this.take(bytes);
    return taken.length === 0 ? 0 : taken.readUIntBE(0, bytes);
  }

  /** Bytes behind a length of `lengthBytes`. */
  vector(lengthBytes: 1 | 2): Buffer {
    return this.take(this.number(lengthBytes));
  }
}
