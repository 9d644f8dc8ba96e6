import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { message } from './messages.ts';
import { pack } from './pack.ts';
import { plannerFlags, start, walled, ZONE_FLAGS, type Child } from './processes.ts';
import { ScriptedZone1 } from './scripted-zone1.ts';

/** Words that stand in the source of rooms which no zone may carry. */
const FORBIDDEN = [
  'cedar_wasm',
  'policy.cedar',
  'audit_outbox',
  'hs-grant+jwt',
  'createDecipheriv',
  'node:sqlite',
  'node:child_process',
  'STRICT_TABLES',
  'AGE-SECRET-KEY',
];

const dirs: Record<'planner' | 'model', string> = { planner: '', model: '' };
const scratch = mkdtempSync(join(tmpdir(), 'hs-packed-'));
beforeAll(async () => {
  dirs.planner = await pack('planner');
  dirs.model = await pack('model');
});
afterAll(() => {
  for (const dir of [...Object.values(dirs), scratch]) rmSync(dir, { recursive: true, force: true });
});

function planner(zone1: ScriptedZone1, env: Record<string, string> = {}): Child {
  const flags = plannerFlags([dirs.planner, zone1.directory, join(scratch, 'templates')]);
  const [command, args] = walled(process.execPath, [...flags, join(dirs.planner, 'main.mjs')]);
  return start(command, args, {
    HARDSHELL_BRIDGE_SOCKET: zone1.socketPath,
    HARDSHELL_MODEL_SOCKET: join(zone1.directory, 'model.sock'),
    HARDSHELL_TEMPLATES: join(scratch, 'templates'),
    ...env,
  });
}

async function withZone1(use: (zone1: ScriptedZone1) => Promise<void>): Promise<void> {
  const zone1 = await new ScriptedZone1().listen();
  try {
    await use(zone1);
  } finally {
    await zone1.close();
  }
  expect(zone1.faults.filter((fault) => fault.startsWith('off the wire'))).toEqual([]);
}

describe('packed programs', () => {
  it.each(['planner', 'model'] as const)('the %s holds no vault, policy, state or executor code', (name) => {
    const text = readFileSync(join(dirs[name], 'main.mjs'), 'utf8');
    expect(text.length).toBeGreaterThan(50_000);
    expect(FORBIDDEN.filter((word) => text.includes(word))).toEqual([]);
    // The search would find what it looks for: a word of the program's own rooms is there.
    expect(text).toContain(name === 'planner' ? 'capability_request' : 'web_search_options');
  });

  it('the planner deals with a message in a sandbox without network, under both of Node’s own walls', async () => {
    await withZone1(async (zone1) => {
      zone1.deliver(message({ body: 'Could you look at page three?' }));
      const child = planner(zone1);
      expect(await child.ended, child.output()).toBe(0);
      expect(zone1.acts).toHaveLength(1);
      expect(child.output()).not.toContain('page three');
    });
  });

  it('the planner uses the owner’s templates and proposes nothing from a wrong one', async () => {
    mkdirSync(join(scratch, 'templates'), { recursive: true });
    writeFileSync(join(scratch, 'templates', 'question.txt'), 'Thanks for "{{subject}}".');
    await withZone1(async (zone1) => {
      zone1.deliver(message({ body: 'Could you look?' }));
      expect(await planner(zone1).ended).toBe(0);
      expect(zone1.acts[0]?.params['body']).toBe('Thanks for "The garden".\n');
    });
    writeFileSync(join(scratch, 'templates', 'question.txt'), Buffer.from([0xff, 0xfe, 0x00]));
    await withZone1(async (zone1) => {
      zone1.deliver(message({ body: 'Could you look?' }));
      expect(await planner(zone1).ended).toBe(0);
      expect(zone1.asked).toEqual([]);
    });
    rmSync(join(scratch, 'templates'), { recursive: true, force: true });
  });

  it('a planner killed while a person thinks is followed by one that neither asks nor acts twice', async () => {
    await withZone1(async (zone1) => {
      zone1.decide = () => 'wait';
      zone1.deliver(message({ body: 'Could you look?' }));
      const first = planner(zone1);
      await expect
        .poll(() => zone1.kept('note').some((note) => JSON.stringify(note).includes('"pending"')), { timeout: 10_000 })
        .toBe(true);
      await first.kill();
      const second = planner(zone1);
      zone1.answerAll('approved');
      expect(await second.ended, second.output()).toBe(0);
      expect(zone1.asked).toHaveLength(1);
      expect(zone1.acts).toHaveLength(1);
    });
  });

  it('the planner may not read a file outside its folders', async () => {
    const secret = join(scratch, 'secret.txt');
    writeFileSync(secret, 'secret');
    const code = `import('node:fs').then((fs) => { fs.readFileSync(process.argv[2]); process.exit(0) }).catch((e) => process.exit(e.code === 'ERR_ACCESS_DENIED' ? 7 : 8))`;
    writeFileSync(join(dirs.planner, 'try.mjs'), code);
    const run = (file: string): Promise<number | null> =>
      start(process.execPath, [...plannerFlags([dirs.planner]), join(dirs.planner, 'try.mjs'), file], {}).ended;
    expect(await run(secret)).toBe(7);
    expect(await run(join(dirs.planner, 'main.mjs'))).toBe(0);
  });

  it('the model gateway starts and stops under the zone’s flags', async () => {
    const child = start(process.execPath, [...ZONE_FLAGS, join(dirs.model, 'main.mjs')], {
      HARDSHELL_MODEL_SOCKETS: scratch,
    });
    await new Promise((resolve) => setTimeout(resolve, 700));
    child.process.kill('SIGTERM');
    expect(await child.ended, child.output()).toBe(0);
  });
});
