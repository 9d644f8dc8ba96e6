import { constants } from 'node:os';
import { buildProgram, NONCE_BYTES, type Program } from '../escape/program.ts';
import {
  bytes,
  call,
  into,
  jump,
  label,
  plus,
  poke,
  minus,
  result,
  scratch,
  set,
  words,
  type Arg,
  type Step,
} from '../escape/steps.ts';
import type { SyscallArch } from '../syscalls.ts';

/** One rule: what stands at `path` and below may be used so. */
export interface Rule {
  readonly path: string;
  readonly rights: bigint;
  /** It need not be there. */
  readonly optional?: boolean;
}

/** All that the launcher does, fixed before it starts: it reads nothing but one byte. */
export interface LaunchOrder {
  readonly arch: SyscallArch;
  readonly ruleset: Buffer;
  readonly rules: readonly Rule[];
  /** Raw `struct sock_filter` records. */
  readonly filter: Buffer;
  /** Undefined where we are an ordinary user: there is nothing to step down from, and no bounding set to empty. */
  readonly stepDown: { readonly uid: number; readonly gid: number } | undefined;
  /** The zone is given descriptor 3. */
  readonly descriptor: boolean;
  readonly cwd: string;
  readonly path: string;
  readonly arguments: readonly string[];
  readonly env: readonly string[];
}

/** The launcher's own descriptors: it waits for a byte on one, and writes the number of a failed step to the other. */
export const LAUNCHER_FD = { zone: 3, block: 4, status: 5 } as const;
/** Exit code of a launcher that did not become the zone's program. */
export const EXIT_NOT_LAUNCHED = 120;

/** Steps that must succeed, in order; the byte on the status descriptor is the position of the one that failed. */
export const LAUNCH_STEPS = [
  ...['close descriptors', 'keep descriptors', 'read capabilities', 'drop a capability', 'leave groups'],
  ...['change the gid', 'change the uid', 'end with us', 'begin a session', 'bound core files', 'wait for its limits'],
  ...['drop inherited capabilities', 'drop capabilities', 'give up privileges', 'make a ruleset', 'open a path'],
  ...['add a rule', 'enforce the ruleset', 'enter its directory', 'load the filter', 'start the program'],
] as const;
type StepName = (typeof LAUNCH_STEPS)[number];

const PRCTL = { setDeathSignal: 1, capabilityRead: 23, capabilityDrop: 24, noNewPrivileges: 38, ambient: 47 } as const;
const AMBIENT_CLEAR_ALL = 4;
const CAPABILITIES_MAX = 64;
const F_SETFD = 2;
const CLOSE_ON_EXEC = 1;
const RLIMIT_CORE = 4;
const AT_FDCWD = -100;
const O_PATH_CLOSE_ON_EXEC = 0o12000000;
const LANDLOCK = { create: 444, add: 445, restrict: 446, pathBeneath: 1 } as const;
const SET_MODE_FILTER = 1;
const CAPABILITY_VERSION_3 = 0x20080522;
const LAST_DESCRIPTOR = 0xffffffff;

/** A static program that builds the wall around itself, step by step, and becomes the zone's program or ends. */
export function buildLauncher(order: LaunchOrder): Buffer {
  const steps = [
    ...descriptorSteps(order.descriptor),
    ...(order.stepDown === undefined ? [] : stepDownSteps(order.stepDown)),
    ...tieSteps(),
    ...privilegeSteps(),
    ...landlockSteps(order),
    ...must('enter its directory', call('chdir', text(order.cwd))),
    ...filterSteps(order.filter),
    ...must('start the program', call('execve', text(order.path), list(order.arguments), list(order.env))),
    ...LAUNCH_STEPS.flatMap(failed),
  ];
  return programOf(order.arch, steps).image;
}

/** A program that tells the version of the kernel's Landlock, as its only answer; negative where there is none. */
export function buildAbiProbe(arch: SyscallArch): Program {
  return programOf(arch, [call(LANDLOCK.create, 0, 0, 1)]);
}

function programOf(arch: SyscallArch, steps: readonly Step[]): Program {
  return buildProgram(arch, [{ id: LAUNCHER, steps }], Buffer.alloc(NONCE_BYTES));
}

export const LAUNCHER = 'launcher';

function must(name: StepName, step: Step): readonly Step[] {
  return [step, jump(`failed ${name}`, 'negative', result('into' in step ? step.into : ''))];
}

function failed(name: StepName, i: number): readonly Step[] {
  return [
    label(`failed ${name}`),
    into('told', 'write', LAUNCHER_FD.status, bytes(Buffer.from([i])), 1),
    into('told', 'exit_group', EXIT_NOT_LAUNCHED),
  ];
}

/** INVARIANT: the zone inherits its standard streams and what it is given, whatever our parent left open. */
function descriptorSteps(given: boolean): readonly Step[] {
  return [
    ...must('close descriptors', call('close_range', LAUNCHER_FD.status + 1, LAST_DESCRIPTOR, 0)),
    ...(given ? [] : [call('close', LAUNCHER_FD.zone)]),
    ...[LAUNCHER_FD.block, LAUNCHER_FD.status].flatMap((fd) =>
      must('keep descriptors', call('fcntl', fd, F_SETFD, CLOSE_ON_EXEC)),
    ),
  ];
}

/** Root empties what it could regain at `execve`, then becomes the zone's uid for good. */
function stepDownSteps({ uid, gid }: { readonly uid: number; readonly gid: number }): readonly Step[] {
  return [
    set('capability', 0),
    label('each capability'),
    into('has', 'prctl', PRCTL.capabilityRead, result('capability'), 0, 0, 0),
    // The first number that the kernel does not know.
    jump('all capabilities', 'negative', result('has')),
    jump('next capability', 'zero', result('has')),
    ...must('drop a capability', into('dropped', 'prctl', PRCTL.capabilityDrop, result('capability'), 0, 0, 0)),
    label('next capability'),
    plus('capability', result('capability'), 1),
    minus('left', result('capability'), CAPABILITIES_MAX),
    jump('each capability', 'negative', result('left')),
    label('all capabilities'),
    ...must('leave groups', call('setgroups', 1, bytes(u32(gid)))),
    ...must('change the gid', call('setresgid', gid, gid, gid)),
    ...must('change the uid', call('setresuid', uid, uid, uid)),
  ];
}

/** After the step down, which would take the signal away again. Nobody answers where we are gone already. */
function tieSteps(): readonly Step[] {
  return [
    ...must('end with us', call('prctl', PRCTL.setDeathSignal, constants.signals.SIGKILL, 0, 0, 0)),
    ...must('begin a session', call('setsid')),
    ...must('bound core files', call('prlimit64', 0, RLIMIT_CORE, words(0, 0), 0)),
    into('read', 'read', LAUNCHER_FD.block, scratch('go', 16), 1),
    minus('read', result('read'), 1),
    jump('failed wait for its limits', 'negative', result('read')),
  ];
}

function privilegeSteps(): readonly Step[] {
  const header = Buffer.concat([u32(CAPABILITY_VERSION_3), u32(0)]);
  return [
    ...must('drop inherited capabilities', call('prctl', PRCTL.ambient, AMBIENT_CLEAR_ALL, 0, 0, 0)),
    ...must('drop capabilities', call('capset', bytes(header), words(0, 0, 0))),
    ...must('give up privileges', call('prctl', PRCTL.noNewPrivileges, 1, 0, 0, 0)),
  ];
}

function landlockSteps({ ruleset, rules }: LaunchOrder): readonly Step[] {
  return [
    ...must('make a ruleset', into('ruleset', LANDLOCK.create, bytes(ruleset), ruleset.length, 0)),
    ...rules.flatMap(ruleSteps),
    ...must('enforce the ruleset', call(LANDLOCK.restrict, result('ruleset'), 0)),
    call('close', result('ruleset')),
  ];
}

/** `struct landlock_path_beneath_attr`: the rights, then the descriptor, without a gap. */
function ruleSteps({ path, rights, optional = false }: Rule, i: number): readonly Step[] {
  const attributes = scratch('rule', 16);
  const over = `rule ${i}`;
  const open = into('path', 'openat', AT_FDCWD, text(path), O_PATH_CLOSE_ON_EXEC, 0);
  return [
    ...(optional ? [open, jump(over, 'negative', result('path'))] : must('open a path', open)),
    poke(attributes, rights),
    plus('second', attributes, 8),
    poke(result('second'), result('path')),
    ...must('add a rule', into('added', LANDLOCK.add, result('ruleset'), LANDLOCK.pathBeneath, attributes, 0)),
    into('closed', 'close', result('path')),
    label(over),
  ];
}

function filterSteps(filter: Buffer): readonly Step[] {
  // `struct sock_fprog`: the number of instructions in a word of its own, then their address.
  const program = words(filter.length / 8, bytes(filter));
  return must('load the filter', call('seccomp', SET_MODE_FILTER, 0, program));
}

/** UTF-8, as paths of a host may be. */
function text(value: string): Arg {
  return bytes(Buffer.from(`${value.replaceAll('\0', '')}\0`, 'utf8'));
}

/** Texts as the kernel takes them: addresses, then zero. */
function list(texts: readonly string[]): Arg {
  return words(...texts.map(text), 0);
}

function u32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value);
  return out;
}
