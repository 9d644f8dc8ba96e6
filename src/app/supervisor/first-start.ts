import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSideLog } from '../../audit/index.ts';
import { defaultConfigText } from '../../config/index.ts';
import { createDurableFile } from '../../state/index.ts';

/** What a new home gets besides its keys: settings with every default, the default policy, templates, the log of stops, mail to look at. */
export async function furnishHome(
  home: string,
  checkout: string,
  wanted: { readonly samples: boolean },
): Promise<{ samples: number }> {
  createDurableFile(join(home, 'hardshell.json'), Buffer.from(defaultConfigText()), 0o600);
  const policy = join(checkout, 'policies', 'default.cedar');
  if (existsSync(policy)) createDurableFile(join(home, 'policy.cedar'), readFileSync(policy), 0o600);
  const log = await createSideLog(join(home, 'audit'), { name: 'stop-audit', mode: 'none', wallMs: Date.now });
  await log.close();
  copyEach(join(checkout, 'templates'), join(home, 'templates'), '.txt');
  if (!wanted.samples) return { samples: 0 };
  return { samples: copyEach(join(checkout, 'samples'), join(home, 'mail', 'in'), '.eml') };
}

function copyEach(from: string, to: string, ending: string): number {
  if (!existsSync(from)) return 0;
  const names = readdirSync(from).filter((name) => name.endsWith(ending));
  for (const name of names) writeFileSync(join(to, name), readFileSync(join(from, name)), { mode: 0o600, flag: 'wx' });
  return names.length;
}
