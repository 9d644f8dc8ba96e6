import { statSync } from 'node:fs';
import type { Mount } from '../bwrap-args.ts';
import type { ZoneSpec } from '../driver.ts';
import type { Runtime } from '../runtime.ts';
import { hostPath, mountsHeld, tmpPath, type HostPlaces } from './host-paths.ts';
import type { Rule } from './launcher.ts';
import { rightsOf, type Grant } from './rights.ts';

/** What Node and the probe ask about their own process. */
const OWN_PROCESS = ['stat', 'statm', 'status'];

/** What a zone may use of the host's files. INVARIANT: what is not named here is refused. */
export function rulesOf(spec: ZoneSpec, runtime: Runtime, places: HostPlaces): readonly Rule[] {
  const mayServe = spec.sockets === 'serve' || spec.sockets === 'internet';
  const rule = (path: string, grant: Grant, optional = false): Rule[] => {
    const kind = kindOf(path);
    // What is not there is reported by the launcher, unless it need not be.
    return [{ path, rights: rightsOf(grant, kind ?? 'file', mayServe), optional }];
  };
  return [
    ...rule(runtime.node, 'run'),
    ...runtime.libraries.flatMap(({ path, real }) => rule(real, isLoader(path) ? 'run' : 'read')),
    ...rule('/dev/null', 'device'),
    ...rule('/dev/urandom', 'read', true),
    // Its own, since it is the launcher that opens them. Not the whole directory: the host's network lies there too.
    ...(spec.proc ? OWN_PROCESS.flatMap((name) => rule(`/proc/self/${name}`, 'read', true)) : []),
    ...(spec.program.kind === 'command' ? rule(hostPath(spec.program.path, spec, places), 'run') : []),
    ...mountsHeld(spec).flatMap((mount) =>
      mountRules(mount, spec, places).flatMap(([path, grant]) => rule(path, grant)),
    ),
  ];
}

/** The loader is executed; libraries are only read. */
function isLoader(path: string): boolean {
  return /\/ld-[^/]*$/.test(path);
}

function mountRules(mount: Mount, spec: ZoneSpec, places: HostPlaces): readonly (readonly [string, Grant])[] {
  switch (mount.kind) {
    case 'read':
      return [[mount.from, 'read']];
    case 'write':
      return [[mount.from, 'write']];
    case 'tmp':
      return [[tmpPath(mount.to, spec, places), 'write']];
    case 'link':
      return [];
    default:
      return mount satisfies never;
  }
}

function kindOf(path: string): 'file' | 'directory' | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? undefined : found.isDirectory() ? 'directory' : 'file';
}
