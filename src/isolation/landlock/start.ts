import { spawn, type ChildProcess, type IOType } from 'node:child_process';
import { unlinkSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { HardshellError } from '../../contracts/index.ts';
import type { ZoneSpec } from '../driver.ts';
import { drain, ended } from '../launch.ts';
import { LAUNCH_STEPS, LAUNCHER_FD } from './launcher.ts';

/** A launcher that waits, and becomes the zone's program once it is released. */
export interface HeldLauncher {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Our end of descriptor 3, where the zone was given one to the bridge. */
  readonly near: Socket | undefined;
  /** Lets it go on; resolves when the program runs behind its wall. Throws `isolation_failed` with the step that failed. */
  readonly release: () => Promise<void>;
  /** Settles once all that the zone wrote has been handed on. */
  readonly drained: Promise<unknown>;
}

export interface StartOptions {
  readonly spec: ZoneSpec;
  readonly image: Buffer;
  /** Where the launcher is written for the moment of its start. */
  readonly path: string;
  /** Stands in the launcher's environment, so that a stop without records finds it. */
  readonly marker: string;
  /** The zone gets one end of a pair as descriptor 3. */
  readonly pair: boolean;
}

const START_MS_MAX = 10_000;

/** INVARIANT: written and executed without a turn between, so that no other child of ours holds the file open. */
export function startHeld({ spec, image, path, marker, pair }: StartOptions): HeldLauncher {
  const stdio: (IOType | Socket)[] = ['ignore', 'pipe', 'pipe', 'ignore', 'pipe', 'pipe'];
  if (pair) stdio[LAUNCHER_FD.zone] = 'pipe';
  else if (spec.descriptor !== undefined) stdio[LAUNCHER_FD.zone] = spec.descriptor;
  writeFileSync(path, image, { mode: 0o500, flag: 'wx' });
  let child: ChildProcess;
  try {
    child = spawn(path, [], { env: { HARDSHELL_ZONE_OF: marker }, cwd: '/', stdio });
  } finally {
    unlinkSync(path);
  }
  // Reported where its status is awaited; without a listener it would end us.
  child.on('error', () => undefined);
  spec.descriptor?.destroy();
  const firstWords = drain(child, spec);
  if (child.pid === undefined) throw failed(`\`${spec.name}\` could not be started`);
  return {
    child,
    pid: child.pid,
    near: pair ? streamOf(child, LAUNCHER_FD.zone) : undefined,
    drained: Promise.all([child.stdout, child.stderr].map(ended)),
    release: () => release(child, spec.name, firstWords),
  };
}

/** The status descriptor closes at `execve`: an end without a word is the program in place of the launcher. */
async function release(child: ChildProcess, name: string, firstWords: () => string): Promise<void> {
  const status = streamOf(child, LAUNCHER_FD.status);
  const block = streamOf(child, LAUNCHER_FD.block);
  for (const stream of [status, block]) stream.on('error', () => undefined);
  const said: Buffer[] = [];
  status.on('data', (chunk: Buffer) => said.push(chunk));
  const closed = new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), START_MS_MAX);
    status.once('close', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
  block.end('x');
  if (!(await closed)) throw failed(`\`${name}\` did not start its program in time`);
  const [step] = Buffer.concat(said);
  if (step !== undefined)
    throw failed(
      `\`${name}\` could not be walled in: it could not ${LAUNCH_STEPS[step] ?? 'go on'} ${firstWords()}`.trim(),
    );
}

function streamOf(child: ChildProcess, fd: number): Socket {
  const stream = child.stdio[fd];
  if (stream instanceof Socket) return stream;
  throw failed('the launcher could not be started');
}

function failed(message: string): HardshellError {
  return new HardshellError('isolation_failed', message, { fate: 'stop' });
}
