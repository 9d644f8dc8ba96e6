import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Packs one program as `scripts/build.mjs` does, into a folder of its own. Returns that folder. */
export async function pack(name: 'planner' | 'model' | 'egress'): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), `hs-${name}-`));
  const bundle = await rolldown({
    input: join(ROOT, `src/app/${name}/main.ts`),
    platform: 'node',
    cwd: ROOT,
    external: [/^node:/],
    treeshake: { moduleSideEffects: false },
    logLevel: 'warn',
  });
  await bundle.write({ dir, format: 'esm', entryFileNames: 'main.mjs', codeSplitting: false });
  return dir;
}
