import { realFiles } from '../../../src/audit/index.ts';
import type { DurableFile, FilePort } from '../../../src/audit/index.ts';

/** `lost`: nothing reaches the disk. `kept`: all of it does, and is reported lost. `half`: a part does. */
export type Fault = 'lost' | 'kept' | 'half';

export interface FailingFiles extends FilePort {
  /** Durable changes asked for so far, by name. */
  readonly asked: string[];
}

/** The real file system, except that durable change number `at` (from 1) fails; later ones work again. */
export function failingFiles(at: number, fault: Fault, code = 'EIO'): FailingFiles {
  const asked: string[] = [];
  const failure = (): Error => Object.assign(new Error('injected'), { code });
  async function maybe(name: string, all: () => Promise<void>, part: () => Promise<void>): Promise<void> {
    asked.push(name);
    if (asked.length !== at) return all();
    if (fault === 'kept') await all();
    if (fault === 'half') await part();
    throw failure();
  }
  const nothing = async (): Promise<void> => undefined;
  return {
    asked,
    async openFile(path, how): Promise<DurableFile> {
      if (how === 'create') {
        await maybe(
          'create',
          async () => (await realFiles.openFile(path, 'create')).close(),
          async () => (await realFiles.openFile(path, 'create')).close(),
        );
      }
      const file = await realFiles.openFile(path, 'open');
      return {
        write: (bytes, position) =>
          maybe(
            'write',
            () => file.write(bytes, position),
            () => file.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), position),
          ),
        truncate: (size) => maybe('truncate', () => file.truncate(size), nothing),
        close: () => file.close(),
      };
    },
    replace: (path, bytes) => maybe('replace', () => realFiles.replace(path, bytes), nothing),
    rename: (from, to) => maybe('rename', () => realFiles.rename(from, to), nothing),
    remove: (path) => maybe('remove', () => realFiles.remove(path), nothing),
  };
}
