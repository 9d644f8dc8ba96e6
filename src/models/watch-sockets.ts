import { lstatSync, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { HardshellError } from '../contracts/index.ts';
import { serveModel, type ModelListener, type ServeModelOptions } from './serve-model.ts';

export interface WatchOptions extends Omit<ServeModelOptions, 'path' | 'mode'> {
  /** Holds one directory a planner session, made by the supervisor. */
  readonly root: string;
  /** Milliseconds between two looks; a change that the system reports is seen at once. */
  readonly pollMs?: number;
}

export interface SocketWatch {
  /** Names of the sessions that are served. */
  readonly served: () => readonly string[];
  readonly close: () => Promise<void>;
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,127}$/;
const SESSIONS_MAX = 64;

/** Serves `model.sock` in every directory of `root`, from when it appears until it goes or is made anew. */
export function watchSockets(options: WatchOptions): SocketWatch {
  const open = new Map<string, { readonly identity: string; readonly listener: Promise<ModelListener | null> }>();
  // Closing a listener removes its socket by name: the next one of that name waits for it.
  const closing = new Map<string, Promise<void>>();
  const failed = new Set<string>();
  const look = (): void => {
    const found = directoriesIn(options.root);
    for (const [name, { identity, listener }] of open) {
      if (found.get(name) === identity) continue;
      open.delete(name);
      closing.set(
        name,
        listener.then((each) => each?.close()).finally(() => closing.delete(name)),
      );
    }
    for (const [name, identity] of found) {
      if (open.has(name) || closing.has(name) || open.size >= SESSIONS_MAX) continue;
      const entry = { identity, listener: serveIn(options, name, failed) };
      open.set(name, entry);
      // A directory that is not ours yet is tried again at the next look.
      void entry.listener.then((listener) => {
        if (listener === null && open.get(name) === entry) open.delete(name);
      });
    }
  };
  const timer = setInterval(look, options.pollMs ?? 500);
  const watcher = watch(options.root, look);
  // Polling goes on where the system cannot watch.
  watcher.on('error', () => watcher.close());
  look();
  return {
    served: () => [...open.keys()],
    close: async () => {
      clearInterval(timer);
      watcher.close();
      await Promise.all([
        ...closing.values(),
        ...[...open.values()].map(async ({ listener }) => await (await listener)?.close()),
      ]);
      open.clear();
    },
  };
}

async function serveIn(options: WatchOptions, name: string, failed: Set<string>): Promise<ModelListener | null> {
  const { root: _root, pollMs: _pollMs, ...rest } = options;
  try {
    const listener = await serveModel({ ...rest, path: join(options.root, name, 'model.sock'), mode: 0o660 });
    failed.delete(name);
    return listener;
  } catch (error) {
    // Being made, gone again, or something else stands there: this session has no model yet, the others have.
    if (!failed.has(name)) options.onEvent(error instanceof HardshellError ? error.code : 'cannot_listen');
    failed.add(name);
    return null;
  }
}

/** Directories by name, with what tells a directory from a later one of the same name. Links are not followed. */
function directoriesIn(root: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const name of readdirSync(root)) {
    const stat = NAME.test(name) ? lstatSync(join(root, name), { throwIfNoEntry: false }) : undefined;
    if (stat?.isDirectory() === true) found.set(name, `${stat.dev}:${stat.ino}:${stat.birthtimeMs}`);
  }
  return found;
}
