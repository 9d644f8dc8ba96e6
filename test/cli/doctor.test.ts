import { chmodSync, copyFileSync, existsSync, writeFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../src/audit/index.ts';
import { defaultConfigText, writeConfigText } from '../../src/config/index.ts';
import { prepareHome, voidArmed } from '../../src/state/index.ts';
import { CliUnderTest } from './support/run-cli.ts';

const ROOT = join(import.meta.dirname, '..', '..');
let cli: CliUnderTest;
let home = '';
let round = 0;
beforeAll(async () => {
  cli = await CliUnderTest.pack();
  // The policy engine's bytes lie beside the packed file, as the build puts them.
  const engine = join(ROOT, 'node_modules', '@cedar-policy', 'cedar-wasm', 'web', 'cedar_wasm_bg.wasm');
  copyFileSync(engine, join(cli.main, '..', 'cedar_wasm_bg.wasm'));
});
afterAll(() => cli.remove());
beforeEach(async () => {
  round += 1;
  home = join(cli.folder, `home-${round}`);
  prepareHome(home);
  writeConfigText(join(home, 'hardshell.json'), defaultConfigText());
  copyFileSync(join(ROOT, 'policies', 'default.cedar'), join(home, 'policy.cedar'));
  chmodSync(join(home, 'policy.cedar'), 0o600);
  await (await createLog(join(home, 'audit'))).close();
});

interface Check {
  readonly name: string;
  readonly state: string;
  readonly found: string;
  readonly remedy: string;
}

async function examine(): Promise<{ code: number | null; checks: Map<string, Check> }> {
  const { code, stdout } = await cli.run(['doctor', '--json', '--home', home]);
  const { checks } = JSON.parse(stdout) as { checks: Check[] };
  return { code, checks: new Map(checks.map((check) => [check.name, check])) };
}

describe('doctor', () => {
  it('finds nothing to mend in a home as a first start leaves it', async () => {
    const { checks } = await examine();
    for (const name of ['node', 'home', 'keys', 'config', 'policy', 'armed'])
      expect(checks.get(name), name).toMatchObject({ state: 'ok' });
    expect(checks.get('running')).toMatchObject({ state: 'note', remedy: 'start it with `hardshell up`' });
    expect(checks.get('bubblewrap')?.state).toBe(existsSync('/usr/bin/bwrap') ? 'ok' : 'bad');
  });

  it('names each thing that is wrong and what mends it', async () => {
    chmodSync(join(home, 'policy.cedar'), 0o644);
    writeFileSync(join(home, 'policy.cedar'), 'permit everything');
    writeFileSync(join(home, 'hardshell.json'), '{\n gateway: {} }');
    writeFileSync(join(home, 'audit', 'audit.jsonl'), '{"v":1}\n');
    voidArmed(home);
    rmSync(join(home, 'keys', 'subject.key'));
    const { code, checks } = await examine();
    expect(code).toBe(1);
    expect(checks.get('home')).toMatchObject({ state: 'bad', found: 'policy.cedar has mode 644, not 600' });
    expect(checks.get('keys')).toMatchObject({ state: 'bad', found: 'missing: keys/subject.key' });
    expect(checks.get('config')).toMatchObject({ state: 'bad', remedy: 'see `hardshell config validate`' });
    expect(checks.get('config')?.found).toContain('line 2: `gateway` is not built yet');
    expect(checks.get('policy')).toMatchObject({ state: 'bad', remedy: 'see `hardshell policy check`' });
    expect(checks.get('log')).toMatchObject({ state: 'bad' });
    expect(checks.get('armed')?.remedy).toContain('hardshell revive');
  });

  it('says it line by line for a person, and changes nothing', async () => {
    chmodSync(join(home, 'policy.cedar'), 0o644);
    const { code, stdout } = await cli.run(['doctor', '--home', home]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^BAD {2}home +policy\.cedar has mode 644, not 600\n {18}`hardshell up` narrows modes/m);
    expect(stdout).toMatch(/to be mended\n$/);
    expect((await examine()).checks.get('home')).toMatchObject({ state: 'bad' });
  });
});
