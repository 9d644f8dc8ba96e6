// Packs one file per process. Types are checked by `npm run check`; packing alone takes about a second, so that a first
// `npm start` is quick.
import { copyFileSync, rmSync, mkdirSync, existsSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const out = join(root, 'dist');
const staging = join(root, `dist.${process.pid}`);
/** Entry points: one a process, named as the process table of the design names them. */
const entries = {
  cli: 'src/cli/main.ts',
  supervisor: 'src/app/supervisor/main.ts',
  run: 'src/app/run/main.ts',
  probe: 'src/app/probe/main.ts',
  // Carried into machines that hold one zone each.
  'zone-guest': 'src/app/zone-guest/main.ts',
  executor: 'src/app/executor/main.ts',
  reader: 'src/app/reader/main.ts',
  planner: 'src/app/planner/main.ts',
  connector: 'src/app/connector/main.ts',
  model: 'src/app/model/main.ts',
  'model-care': 'src/app/model-care/main.ts',
  egress: 'src/app/egress/main.ts',
  // For programs in Zone 2 that are not ours; also beside the planner, where they find it as /app/capability-client.mjs.
  'capability-client': 'src/bridge/capability-client.ts',
  // Threads of `audit-log verify`; started by the cli.
  'audit-worker': 'src/audit/verify-worker.ts',
};
/** Programs that judge by policy find the engine's bytes beside themselves. */
const withCedar = new Set(['executor', 'cli']);
const cedar = 'node_modules/@cedar-policy/cedar-wasm/web/cedar_wasm_bg.wasm';
rmSync(staging, { recursive: true, force: true });
mkdirSync(staging, { recursive: true });
for (const [name, input] of Object.entries(entries)) {
  if (!existsSync(join(root, input))) continue;
  const bundle = await rolldown({
    input: join(root, input),
    platform: 'node',
    cwd: root,
    external: [/^node:/],
    treeshake: { moduleSideEffects: false },
    logLevel: 'warn',
  });
  await bundle.write({ dir: join(staging, name), format: 'esm', entryFileNames: 'main.mjs', codeSplitting: false });
  if (withCedar.has(name)) copyFileSync(join(root, cedar), join(staging, name, 'cedar_wasm_bg.wasm'));
}
copyFileSync(join(staging, 'capability-client', 'main.mjs'), join(staging, 'planner', 'capability-client.mjs'));
rmSync(out, { recursive: true, force: true });
renameSync(staging, out);
