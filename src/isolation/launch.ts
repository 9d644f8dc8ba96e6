import { spawn, type ChildProcess, type IOType, type StdioOptions } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { HardshellError } from '../contracts/index.ts';
import { BWRAP_FD, bwrapArguments, ZONE_NODE, type ZoneView } from './bwrap-args.ts';
import { inheritableDescriptors } from './descriptors.ts';
import { onOwnTerminal } from './own-terminal.ts';
import type { ZoneSpec } from './driver.ts';
import { childrenOf, executableOf, readProcessStatus, sharedNamespaces, type ProcessStatus } from './inspect.ts';

/** A zone that waits in front of its first instruction. */
export interface HeldZone {
  readonly child: ChildProcess;
  /** Host pid of the first process inside. */
  readonly initPid: number;
  readonly release: () => void;
  /** Settles once all that the zone wrote has been handed on, which may be after its end. */
  readonly drained: Promise<unknown>;
}

export interface LaunchOptions {
  readonly bwrap: string;
  readonly spec: ZoneSpec;
  readonly view: ZoneView;
  readonly filter: Buffer;
  /** What runs first inside and becomes the zone's program (mode R). */
  readonly before?: readonly string[];
  /** Stands in the environment of bubblewrap itself, so that a stop without records finds it. */
  readonly marker: string;
}

const HOLD_MS_MAX = 10_000;
const STDERR_BYTES_MAX = 4_096;

/** Starts bubblewrap and waits until it holds the zone in its new namespaces, before anything executes in it. */
export async function launchHeld(options: LaunchOptions): Promise<HeldZone> {
  const { spec, view } = options;
  const covers = openSync('/dev/null', 'r+');
  const inside = [...(options.before ?? []), ...commandOf(spec)];
  const wall = [options.bwrap, '--args', String(BWRAP_FD.args), '--', ...inside];
  const [file = '', ...args] = spec.ownTerminal === true ? onOwnTerminal(wall) : wall;
  const child = spawn(file, args, {
    // Where there is no user namespace bubblewrap itself must stay root.
    ...(spec.uid === undefined || !view.userNamespace ? {} : { uid: spec.uid }),
    ...(spec.gid === undefined || !view.userNamespace ? {} : { gid: spec.gid }),
    env: { HARDSHELL_ZONE_OF: options.marker, ...(spec.ownTerminal === true ? { SHELL: '/bin/sh' } : {}) },
    cwd: '/',
    stdio: standardStreams(spec, covers),
  });
  closeSync(covers);
  // Reported where its status is awaited; without a listener it would end us.
  child.on('error', () => undefined);
  spec.descriptor?.destroy();
  const stderr = drain(child, spec);
  const drained = Promise.all([child.stdout, child.stderr].map(ended));
  writeAll(child, BWRAP_FD.args, `${bwrapArguments(view).join('\0')}\0`);
  writeAll(child, BWRAP_FD.seccomp, options.filter);
  try {
    const initPid = await readChildPid(child);
    return { child, initPid, drained, release: () => writeAll(child, BWRAP_FD.block, 'x') };
  } catch (cause) {
    child.kill('SIGKILL');
    throw failed(`\`${spec.name}\` could not be walled in: ${stderr() || 'bubblewrap ended without a word'}`, cause);
  }
}

function commandOf({ program }: ZoneSpec): readonly string[] {
  return program.kind === 'node' ? [ZONE_NODE, ...program.arguments] : [program.path, ...program.arguments];
}

/**
 * INVARIANT: nothing of ours is inherited but what the zone is given. Bubblewrap hands on every descriptor it gets, so
 * one that we did not open ourselves (and could not mark close-on-exec) is covered by /dev/null.
 */
function standardStreams(spec: ZoneSpec, covers: number): StdioOptions {
  const inherited = inheritableDescriptors();
  const last = Math.max(BWRAP_FD.seccomp, ...inherited);
  const stdio: (IOType | Socket | number)[] = Array.from({ length: last + 1 }, () => 'ignore');
  if (spec.ownTerminal === true) stdio.fill('inherit', 0, 3);
  else if (spec.passInput === true) stdio[0] = 'inherit';
  for (const fd of inherited) stdio[fd] = covers;
  if (spec.descriptor !== undefined) stdio[BWRAP_FD.zone] = spec.descriptor;
  const outputs = spec.ownTerminal === true ? [] : [1, 2];
  for (const fd of [...outputs, BWRAP_FD.status, BWRAP_FD.block, BWRAP_FD.args, BWRAP_FD.seccomp]) stdio[fd] = 'pipe';
  return stdio;
}

/** A zone, as the checks from outside need to know it. */
export interface Walled {
  readonly spec: Pick<ZoneSpec, 'name' | 'network' | 'profile'>;
  readonly userNamespace: boolean;
}

/** What must hold before the zone may execute anything: it shares no namespace with us but those it is to share. */
export function checkHeld(initPid: number, walled: Walled): void {
  const shared = sharedWithHost(initPid, walled);
  if (shared.length > 0)
    throw failed(`\`${walled.spec.name}\` shares the ${shared.join(', ')} namespace with the host`);
}

function sharedWithHost(pid: number, { spec, userNamespace }: Walled): string[] {
  return sharedNamespaces(pid).filter((kind) => {
    if (kind === 'net') return spec.network === 'none';
    return kind !== 'user' || userNamespace;
  });
}

/**
 * What must hold once its program is there: filtered, without privileges to gain, without capabilities, of its uid.
 * Resolves within a few milliseconds of the release, before Node has read a line of the packed file.
 */
export async function checkReleased(held: HeldZone, walled: Walled, uid: number): Promise<void> {
  const { spec } = walled;
  const deadline = performance.now() + HOLD_MS_MAX;
  for (;;) {
    const [pid] = spec.profile === 'builtin' ? [held.initPid] : childrenOf(held.initPid);
    if (pid !== undefined && executableOf(pid) === ZONE_NODE) return checkStatus(pid, walled, uid);
    if (held.child.exitCode !== null || held.child.signalCode !== null)
      throw failed(`\`${spec.name}\` ended while it started`);
    if (performance.now() > deadline) throw failed(`\`${spec.name}\` did not start its program in time`);
    await sleep(1);
  }
}

function checkStatus(pid: number, walled: Walled, uid: number): void {
  const { spec } = walled;
  const status = readProcessStatus(pid);
  if (status === undefined) throw failed(`\`${spec.name}\` ended while it started`);
  const wrong = wrongStatus(status, uid);
  const shared = sharedWithHost(pid, walled);
  if (shared.length > 0) wrong.push(`shares ${shared.join(', ')}`);
  if (wrong.length > 0) throw failed(`\`${spec.name}\` is not walled in as it must be: ${wrong.join('; ')}`);
}

/** What of a process is not as every zone's must be, in words; empty where all is. */
export function wrongStatus(status: ProcessStatus, uid: number): string[] {
  return [
    status.seccomp === '2' ? '' : `seccomp mode ${status.seccomp}`,
    status.noNewPrivs === '1' ? '' : 'may gain privileges',
    /^0+$/.test(status.capEff) ? '' : `capabilities ${status.capEff}`,
    status.uids.every((id) => id === uid) ? '' : `uids ${status.uids.join(' ')} instead of ${uid}`,
  ].filter(Boolean);
}

/** The status line comes in several chunks; what it says is bubblewrap's, written before the zone runs. */
function readChildPid(child: ChildProcess): Promise<number> {
  const stream = streamOf(child, BWRAP_FD.status);
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => reject(new Error('timed out')), HOLD_MS_MAX);
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      act();
    };
    stream.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString('latin1')).slice(0, 65_536);
      const pid = /"child-pid":\s*(\d+)[^]*\}/.exec(text)?.[1];
      if (pid !== undefined) settle(() => resolve(Number(pid)));
    });
    stream.on('error', () => undefined);
    child.once('error', (error) => settle(() => reject(error)));
    child.once('close', () => settle(() => reject(new Error('ended'))));
  });
}

/** Reads both streams for as long as the zone lives, and keeps the first words of bubblewrap for our own message. */
export function drain(child: ChildProcess, spec: ZoneSpec): () => string {
  let first = '';
  child.stdout?.on('data', (chunk: Buffer) => spec.onOutput?.('out', chunk));
  child.stderr?.on('data', (chunk: Buffer) => {
    if (first.length < STDERR_BYTES_MAX) first += chunk.toString('latin1');
    spec.onOutput?.('err', chunk);
  });
  for (const stream of [child.stdout, child.stderr]) stream?.on('error', () => undefined);
  return () =>
    first
      .replace(/[^\x20-\x7e]+/g, ' ')
      .trim()
      .slice(0, 300);
}

export function ended(stream: Readable | null): Promise<void> {
  return new Promise((resolve) => {
    if (stream === null || stream.closed) resolve();
    else stream.once('close', () => resolve());
  });
}

function writeAll(child: ChildProcess, fd: number, bytes: string | Buffer): void {
  const stream = streamOf(child, fd);
  // A wall that failed to stand closes its ends; its exit is what is reported.
  stream.on('error', () => undefined);
  stream.end(bytes);
}

function streamOf(child: ChildProcess, fd: number): Socket {
  const stream = child.stdio[fd];
  if (stream instanceof Socket) return stream;
  throw failed('bubblewrap could not be started');
}

function failed(message: string, cause?: unknown): HardshellError {
  return new HardshellError('isolation_failed', message, { fate: 'stop', ...(cause === undefined ? {} : { cause }) });
}
