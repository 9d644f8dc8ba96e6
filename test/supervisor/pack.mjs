// Packs the supervisor and the self-probe into a directory, as scripts/build.mjs does with every program.
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const [out] = process.argv.slice(2);
for (const name of ['supervisor', 'probe']) {
  const bundle = await rolldown({
    input: `src/app/${name}/main.ts`,
    platform: 'node',
    external: [/^node:/],
    treeshake: { moduleSideEffects: false },
    logLevel: 'warn',
  });
  await bundle.write({ dir: join(out, name), format: 'esm', entryFileNames: 'main.mjs', codeSplitting: false });
}
