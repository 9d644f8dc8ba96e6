import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plannerFlags, start, walled } from '../zone2-planner/processes.ts';
import { ScriptedZone1 } from '../zone2-planner/scripted-zone1.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const app = mkdtempSync(join(tmpdir(), 'hs-app-'));
beforeAll(async () => {
  const bundle = await rolldown({
    input: join(ROOT, 'src/bridge/capability-client.ts'),
    platform: 'node',
    external: [/^node:/],
    treeshake: { moduleSideEffects: false },
  });
  await bundle.write({ dir: app, format: 'esm', entryFileNames: 'capability-client.mjs', codeSplitting: false });
});
afterAll(() => rmSync(app, { recursive: true, force: true }));

describe('the capability client as one plain file', () => {
  it.each([
    ['approve', 'executed: succeeded', 1],
    ['deny', 'not approved: denied', 0],
  ] as const)('runs the example of its page in a sandbox without network (%s)', async (verdict, says, acts) => {
    const zone1 = await new ScriptedZone1().listen();
    zone1.decide = () => verdict;
    const page = readFileSync(join(ROOT, 'docs/capability-client.md'), 'utf8');
    const example = /```js\n(.*?)```/s.exec(page)?.[1] ?? '';
    expect(example).toContain("from '/app/capability-client.mjs'");
    const code = example
      .replace('/app/', './')
      .replace('new CapabilityClient()', `new CapabilityClient({ socketPath: ${JSON.stringify(zone1.socketPath)} })`);
    writeFileSync(join(app, 'example.mjs'), code);
    const child = start(
      ...walled(process.execPath, [...plannerFlags([app, zone1.directory]), join(app, 'example.mjs')]),
      {},
    );
    expect(await child.ended, child.output()).toBe(0);
    expect(child.output()).toContain('I am in zone2-planner');
    expect(child.output()).toContain(says);
    expect(zone1.acts).toHaveLength(acts);
    await zone1.close();
  });
});
