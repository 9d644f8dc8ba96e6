/** What the fake name server says about one name. Each question of a family takes the next list; the last one stays. */
export interface DnsRecord {
  readonly a?: readonly (readonly string[])[];
  readonly aaaa?: readonly (readonly string[])[];
  /** The answer begins with this alias. */
  readonly cname?: string;
  readonly rcode?: number;
  /** Never answered. */
  readonly silent?: boolean;
  /** Octets of no DNS message. */
  readonly garbage?: boolean;
}

export interface Question {
  readonly name: string;
  readonly type: number;
  /** Where the question ends in the message. */
  readonly end: number;
}

const TYPE = { a: 1, cname: 5, aaaa: 28 } as const;

export function readQuestion(message: Buffer): Question {
  const labels: string[] = [];
  let at = 12;
  for (;;) {
    const length = message[at] ?? 0;
    at += 1;
    if (length === 0 || at + length > message.length) break;
    labels.push(message.toString('latin1', at, at + length));
    at += length;
  }
  return { name: labels.join('.'), type: message.readUInt16BE(at), end: at + 4 };
}

export function makeAnswer(message: Buffer, question: Question, record: DnsRecord | undefined, turn: number): Buffer {
  const lists = question.type === TYPE.a ? record?.a : question.type === TYPE.aaaa ? record?.aaaa : undefined;
  const addresses = lists?.[Math.min(turn, lists.length - 1)] ?? [];
  const alias = record?.cname;
  const owner = alias === undefined ? Buffer.from([0xc0, 12]) : encodeName(alias);
  const answers = [
    ...(alias === undefined ? [] : [resource(Buffer.from([0xc0, 12]), TYPE.cname, encodeName(alias))]),
    ...addresses.map((address) => resource(owner, question.type, encodeAddress(address))),
  ];
  const header = Buffer.alloc(12);
  message.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180 | (record === undefined ? 3 : (record.rcode ?? 0)), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  return Buffer.concat([header, message.subarray(12, question.end), ...answers]);
}

function resource(owner: Buffer, type: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(0, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, fixed, data]);
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function encodeAddress(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  const [left = '', right] = address.split('::');
  const words = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16));
  const head = words(left);
  const tail = right === undefined ? [] : words(right);
  const all = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 255]));
}
