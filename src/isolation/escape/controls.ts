import type { ZoneSpec } from '../driver.ts';
import { unix } from './address.ts';
import type { Staged } from './attempt.ts';
import { AT_FDCWD, openFile, plant } from './attempts/common.ts';
import { call, chain, into, result, scratch, type Step } from './steps.ts';

/** What a zone may do. A probe that cannot do it either proves nothing by what else it cannot do. */
export interface Control {
  readonly id: string;
  /** As "a zone may …". */
  readonly title: string;
  /** Undefined where this zone has no such thing. */
  readonly steps: (at: Staged, spec: ZoneSpec) => readonly Step[] | undefined;
}

export const CONTROLS: readonly Control[] = [
  {
    id: 'may-connect',
    title: 'connect to the socket in its own directory',
    steps: ({ socketDirectory }, { sockets }) => {
      if (sockets === 'none') return undefined;
      const { address, length } = unix(`${socketDirectory}/zone.sock`);
      return chain(into('fd', 'socket', 1, 1, 0), call('connect', result('fd'), address, length));
    },
  },
  {
    id: 'may-read',
    title: 'read what it is shown',
    steps: ({ socketDirectory }) =>
      chain(
        into('fd', 'openat', AT_FDCWD, { kind: 'text', text: `${socketDirectory}/spare` }, 0),
        call('read', result('fd'), scratch('bytes', 16), 16),
      ),
  },
  {
    id: 'may-write',
    title: 'write into its own `/tmp`',
    steps: ({ writable }) => (writable === undefined ? undefined : plant(`${writable}/own`)),
  },
  { id: 'may-look', title: 'look at its own root', steps: ({ root }) => [openFile(root ?? '/')] },
];
