import { join } from 'node:path';
import { ZONE_NODE, type Mount } from '../bwrap-args.ts';
import type { ZoneSpec } from '../driver.ts';

/** Where a zone without a file view of its own finds things: the host's paths in place of those of its table. */
export interface HostPlaces {
  /** The host's Node. */
  readonly node: string;
  /** A directory of ours; a zone's `tmp` mounts are made below it. */
  readonly directory: string;
}

type Seen = Pick<ZoneSpec, 'name' | 'mounts'>;

/** The host's path for one of the table; a path that no mount holds is the host's own already. */
export function hostPath(inside: string, spec: Seen, places: HostPlaces): string {
  if (inside === ZONE_NODE) return places.node;
  const [mount] = mountsHeld(spec)
    .filter(({ kind, to }) => kind !== 'link' && (inside === to || inside.startsWith(`${to}/`)))
    .toSorted((a, b) => b.to.length - a.to.length);
  if (mount === undefined) return inside;
  return `${sourceOf(mount, spec, places)}${inside.slice(mount.to.length)}`;
}

/**
 * The mounts that can be kept. Rights hold for all that lies below and none takes any away, so an empty directory over a
 * part of another mount cannot be had: that part stays in sight.
 */
export function mountsHeld({ mounts }: Pick<ZoneSpec, 'mounts'>): readonly Mount[] {
  return mounts.filter(({ kind, to }) => kind !== 'tmp' || !mounts.some((other) => to.startsWith(`${other.to}/`)));
}

/** A zone's own directory in the place of one in memory. */
export function tmpPath(to: string, { name }: Seen, { directory }: HostPlaces): string {
  return join(directory, 'tmp', name, to.slice(1).replaceAll('/', '-'));
}

function sourceOf(mount: Mount, spec: Seen, places: HostPlaces): string {
  if (mount.kind === 'read' || mount.kind === 'write') return mount.from;
  return tmpPath(mount.to, spec, places);
}

/** A variable's value or an argument of Node: a path, alone or behind a flag. */
export function hostText(value: string, spec: Seen, places: HostPlaces): string {
  if (value.startsWith('/')) return hostPath(value, spec, places);
  const [, flag, path] = /^(--[a-z-]+=)(\/.*)$/s.exec(value) ?? [];
  return flag === undefined || path === undefined ? value : `${flag}${hostPath(path, spec, places)}`;
}
