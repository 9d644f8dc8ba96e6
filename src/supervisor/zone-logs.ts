import { isSpawned, type ZoneProfile } from '../contracts/index.ts';
import type { ZoneSpec } from '../isolation/index.ts';
import { keepHarmlessLines, openLogFile, type LogFile } from './log-file.ts';

const LOOKED_AT_BYTES_MAX = 65_536;

/** One log for all processes of a kind, so that its size is counted once. */
export class ZoneLogs {
  readonly #files = new Map<string, LogFile>();
  readonly #directory: string;
  readonly #bytesMax: number;

  constructor(directory: string, bytesMax: number) {
    this.#directory = directory;
    this.#bytesMax = bytesMax;
  }

  /** Takes the words of one process: those of Zone 1 as they are, those of others without what could be content. */
  outputOf(profile: ZoneProfile, name: string): NonNullable<ZoneSpec['onOutput']> {
    const base = name.split('.', 1)[0] ?? profile;
    const file = this.#files.get(base) ?? openLogFile(this.#directory, base, this.#bytesMax);
    this.#files.set(base, file);
    if (!isSpawned(profile)) return (_stream, chunk) => file.write(chunk);
    let looked = 0;
    return (stream, chunk) => {
      // A zone that floods its error stream shall not cost us more than emptying it.
      looked += chunk.length;
      if (looked > LOOKED_AT_BYTES_MAX) return;
      const kept = stream === 'err' ? keepHarmlessLines(chunk.toString('latin1')) : '';
      if (kept !== '') file.write(kept);
    };
  }
}
