import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { ZONE_NODE, type Mount } from '../bwrap-args.ts';
import type { ZoneSpec } from '../driver.ts';
import type { Attempt, Staged } from './attempt.ts';
import { TMP_BYTES_MAX } from './attempts/limits.ts';
import { PART } from './stage-files.ts';
import type { Stage } from './stage.ts';

/** Where the probe finds its programs and its socket directory. */
const PLACES = { programs: '/hardshell-escape/programs', sockets: '/hardshell-escape/sockets' } as const;

/** The stage as an attempt finds it behind the wall of that zone. */
export function zoneView(stage: Stage, spec: ZoneSpec): Staged {
  const tmp = spec.mounts.find(({ kind }) => kind === 'tmp');
  const shown = spec.mounts.flatMap((mount) =>
    mount.kind === 'read' ? [{ path: mount.to, kind: kindOf(mount.from) }] : [],
  );
  return {
    ...stage.outside,
    inside: true,
    neighbourPid: 1,
    socketDirectory: PLACES.sockets,
    writable: tmp?.to,
    shown: [{ path: PLACES.programs, kind: 'directory' }, { path: ZONE_NODE, kind: 'file' }, ...shown],
  };
}

/** The zone with the probe in the place of its program: nothing of it may be written, and it hands nothing on. */
export async function probeSpec(
  stage: Stage,
  spec: ZoneSpec,
  program: string,
  attempts: readonly Attempt[],
): Promise<ZoneSpec> {
  const sockets = await stage.socketDirectory(spec);
  const { descriptor: _given, onOutput: _heard, ownTerminal: _terminal, passInput: _input, ...rest } = spec;
  const alone = attempts.length === 1 ? attempts[0]?.alone : undefined;
  const mounts = spec.mounts.map((mount): Mount =>
    mount.kind === 'tmp' ? { ...mount, bytesMax: TMP_BYTES_MAX } : mount,
  );
  return {
    ...rest,
    name: `${spec.name}.escape-${randomBytes(4).toString('hex')}`,
    program: { kind: 'command', path: `${PLACES.programs}/${program}`, arguments: [] },
    mounts: [
      ...mounts,
      { kind: 'read', from: join(stage.directory, PART.programs), to: PLACES.programs },
      { kind: 'read', from: sockets, to: PLACES.sockets },
    ],
    ...(spec.sharedMemoryBytesMax === undefined ? {} : { sharedMemoryBytesMax: TMP_BYTES_MAX }),
    limits: { ...spec.limits, ...alone },
  };
}

function kindOf(path: string): 'file' | 'directory' {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? 'directory' : 'file';
}
