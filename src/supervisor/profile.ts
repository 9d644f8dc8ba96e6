import type { Mount, ZoneSpec } from '../isolation/index.ts';

/** What the table says of one kind of process, beside what is the same for all. */
export interface Profile {
  readonly mounts: readonly Mount[];
  readonly env: Readonly<Record<string, string>>;
  readonly nodeFlags: readonly string[];
  readonly sockets: ZoneSpec['sockets'];
  /** Named where it is the only socket that the process connects to. */
  readonly bridge?: string;
  /** Absent: none. */
  readonly network?: ZoneSpec['network'];
  readonly watch: boolean;
  readonly tmpBytesMax: number;
}
