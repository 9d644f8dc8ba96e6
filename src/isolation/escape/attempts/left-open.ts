import { held, open, type Attempt } from '../attempt.ts';
import { into, kept, text } from '../steps.ts';
import { AT_EMPTY_PATH } from './common.ts';

const FIRST = 3;
const LAST = 63;
const STATX_BYTES = 256;
const TYPE = { mask: 0o170000, directory: 0o040000, file: 0o100000, block: 0o060000, socket: 0o140000 } as const;

/** First in the list: what it opens itself is open later. */
export const LEFT_OPEN: readonly Attempt[] = [
  {
    id: 'left-descriptors',
    theme: 'what was left open',
    title: 'finds a file, a directory, a disk or a socket that its starter left open',
    rows: [29],
    steps: () =>
      Array.from({ length: LAST - FIRST + 1 }, (_, i) =>
        into(`fd${FIRST + i}`, 'statx', FIRST + i, text(''), AT_EMPTY_PATH, 1, kept(`stat${FIRST + i}`, STATX_BYTES)),
      ),
    read: (answers) => {
      const found: string[] = [];
      for (let fd = FIRST; fd <= LAST; fd++) {
        if (answers.number(`fd${fd}`) !== 0) continue;
        const type = answers.bytes(`stat${fd}`).readUInt16LE(28) & TYPE.mask;
        if (type === TYPE.directory || type === TYPE.file || type === TYPE.block || type === TYPE.socket)
          found.push(String(fd));
      }
      return found.length > 0 ? open(`descriptors ${found.join(' ')}`) : held('nothing');
    },
    heldBy: ['clean descriptors'],
    builtin: 'absent',
    twin: 'works',
  },
];
