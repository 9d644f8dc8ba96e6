import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSideLog } from '../../audit/index.ts';
import { defaultConfigText } from '../../config/index.ts';
import { createDurableFile } from '../../state/index.ts';

/** What a new home gets besides its keys: settings with every default, the default policy, the log of stops, mail to look at. */
export async function furnishHome(home: string, checkout: string): Promise<{ samples: number }> {
  createDurableFile(join(home, 'hardshell.json'), Buffer.from(defaultConfigText()), 0o600);
  const policy = join(checkout, 'policies', 'default.cedar');
  if (existsSync(policy)) createDurableFile(join(home, 'policy.cedar'), readFileSync(policy), 0o600);
  const log = await createSideLog(join(home, 'audit'), { name: 'stop-audit', mode: 'none', wallMs: Date.now });
  await log.close();
  return { samples: copySamples(join(checkout, 'samples'), join(home, 'mail', 'in')) };
}

function copySamples(from: string, to: string): number {
  if (!existsSync(from)) return 0;
  const names = readdirSync(from).filter((name) => name.endsWith('.eml'));
  for (const name of names) copyFileSync(join(from, name), join(to, name));
  return names.length;
}
