import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as cedar from '@cedar-policy/cedar-wasm/web';
import { untilItTraps, type CedarModule } from '../policy/index.ts';

/**
 * Loads the Cedar engine from the file beside the packed program, or from its package when run from source. The `web`
 * form of the package, because it takes bytes: the `nodejs` form looks for its file beside itself, which packing moves.
 * Throws what reading the file throws; the policy commands then say so.
 */
export function loadCedar(): CedarModule {
  cedar.initSync({ module: readFileSync(wasmPath()) });
  return untilItTraps(cedar);
}

function wasmPath(): string {
  const packed = join(dirname(fileURLToPath(import.meta.url)), 'cedar_wasm_bg.wasm');
  if (existsSync(packed)) return packed;
  const nodejs = createRequire(import.meta.url).resolve('@cedar-policy/cedar-wasm/nodejs');
  return join(dirname(nodejs), '..', 'web', 'cedar_wasm_bg.wasm');
}
