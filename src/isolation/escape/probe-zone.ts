import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { ZONE_NODE, type Mount } from '../bwrap-args.ts';
import type { ZoneDriver, ZoneSpec } from '../driver.ts';
import type { Attempt, Staged } from './attempt.ts';
import { TMP_BYTES_MAX } from './attempts/limits.ts';
import { PART } from './stage-files.ts';
import type { Stage } from './stage.ts';

/** Where the probe finds its programs and its socket directory. */
const PLACES = { programs: '/hardshell-escape/programs', sockets: '/hardshell-escape/sockets' } as const;

/** The stage as an attempt finds it behind the wall of that zone, whose program is the probe. */
export function zoneView(stage: Stage, spec: ZoneSpec, { hostView }: ZoneDriver): Staged {
  const place = (inside: string): string => hostView?.placeOf(inside, spec) ?? inside;
  const tmp = spec.mounts.find(({ kind }) => kind === 'tmp');
  // Where rights cannot be taken away again, what lies in something writable is writable: the driver says so.
  const lost = (to: string): boolean =>
    hostView !== undefined && spec.mounts.some((mount) => mount.kind === 'write' && to.startsWith(`${mount.to}/`));
  const shown = spec.mounts.flatMap((mount) =>
    mount.kind === 'read' && mount.to !== PLACES.sockets && !lost(mount.to)
      ? [{ path: place(mount.to), kind: kindOf(mount.from) }]
      : [],
  );
  return {
    ...stage.outside,
    inside: true,
    // Without a process namespace of its own the first process that a zone sees is the host's.
    neighbourPid: 1,
    socketDirectory: place(PLACES.sockets),
    ...(hostView === undefined ? {} : { root: place(PLACES.sockets) }),
    writable: tmp === undefined ? undefined : place(tmp.to),
    shown: [{ path: place(ZONE_NODE), kind: 'file' }, ...shown],
  };
}

/** The zone with the probe in the place of its program: nothing of it may be written, and it hands nothing on. */
export async function probeSpec(
  stage: Stage,
  spec: ZoneSpec,
  attempts: readonly Attempt[],
  { hostView }: ZoneDriver,
): Promise<ZoneSpec> {
  const sockets = await stage.socketDirectory(spec);
  const { descriptor: _given, bridge: _bridge, onOutput: _heard, ...most } = spec;
  const { ownTerminal: _terminal, passInput: _input, ...rest } = most;
  const alone = attempts.length === 1 ? attempts[0]?.alone : undefined;
  const mounts = spec.mounts.map((mount): Mount =>
    mount.kind === 'tmp' ? { ...mount, bytesMax: TMP_BYTES_MAX } : mount,
  );
  return {
    ...rest,
    sockets: hostView?.socketsOf(spec) ?? spec.sockets,
    name: `${spec.name}.escape-${randomBytes(4).toString('hex')}`,
    program: { kind: 'command', path: PLACES.programs, arguments: [] },
    mounts: [
      ...mounts,
      { kind: 'read', from: join(stage.directory, PART.programs), to: PLACES.programs },
      { kind: 'read', from: sockets, to: PLACES.sockets },
    ],
    ...(spec.sharedMemoryBytesMax === undefined ? {} : { sharedMemoryBytesMax: TMP_BYTES_MAX }),
    limits: { ...spec.limits, ...alone },
  };
}

/** The program of that name in its place. */
export function withProbe(spec: ZoneSpec, name: string): ZoneSpec {
  return { ...spec, program: { kind: 'command', path: `${PLACES.programs}/${name}`, arguments: [] } };
}

function kindOf(path: string): 'file' | 'directory' {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? 'directory' : 'file';
}
