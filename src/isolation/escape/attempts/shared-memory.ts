import type { Attempt } from '../attempt.ts';
import { call } from '../steps.ts';

const theme = 'memory shared with the host';

export const SHARED_MEMORY: readonly Attempt[] = [
  {
    id: 'ipc-shm',
    theme,
    title: 'opens a shared memory segment of the host (System V)',
    rows: [28],
    steps: ({ ipcKey }) => [call('shmget', ipcKey, 0, 0)],
    heldBy: ['filter', 'ipc namespace'],
    builtin: 'refused',
    agent: 'absent',
    twin: 'works',
  },
  {
    id: 'ipc-msg',
    theme,
    title: 'opens a message queue of the host (System V)',
    rows: [28],
    steps: ({ ipcKey }) => [call('msgget', ipcKey, 0)],
    heldBy: ['filter', 'ipc namespace'],
    builtin: 'refused',
    twin: 'works',
  },
  {
    id: 'ipc-sem',
    theme,
    title: 'opens a semaphore of the host (System V)',
    rows: [28],
    steps: ({ ipcKey }) => [call('semget', ipcKey, 0, 0)],
    heldBy: ['filter', 'ipc namespace'],
    builtin: 'refused',
    agent: 'absent',
    twin: 'works',
  },
];
