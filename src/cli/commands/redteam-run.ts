import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import type { Io } from '../output.ts';

export interface RedteamOptions {
  readonly list: boolean;
  readonly report?: string | undefined;
}

/** What the packed suite exports. */
interface RedteamModule {
  readonly redteam: (options: RedteamOptions & { readonly json: boolean }, io: Io) => Promise<number>;
}

/** The attacks are packed by themselves (`dist/redteam`): code that attacks is not part of the everyday command line. */
export async function runRedteam(options: RedteamOptions, context: Context): Promise<number> {
  const path = join(import.meta.dirname, '..', 'redteam', 'main.mjs');
  if (!existsSync(path))
    throw new Failure('the attack suite is not part of this build; run it from a checkout with `npm run redteam`');
  const suite = (await import(pathToFileURL(path).href)) as RedteamModule;
  return suite.redteam({ ...options, json: context.json }, context.io);
}
