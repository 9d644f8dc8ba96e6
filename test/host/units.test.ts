import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { sandboxOptions } from '../../src/host/services/sandbox.ts';
import { renderUnit } from '../../src/host/services/systemd.ts';
import { BREAKS_WALLS, PROCESSES, unitName, type ProcessSpec } from '../../src/host/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'hs-units-'));
const OPTIONS = { current: '/usr/lib/hardshell/current', oneAccount: false, nft: '/usr/sbin/nft' };
/** Highest exposure that `systemd-analyze security` may give, in tenths: it rates 0 (closed) to 100 (open). */
const EXPOSURE_MAX: Readonly<Record<string, number>> = { supervisor: 50, firewall: 20, gateway: 15 };

/** What a later process adds: one line of the table. */
const GATEWAY: ProcessSpec = {
  name: 'gateway',
  what: 'Hardshell: the control plane',
  account: { name: 'hardshell-gateway', uid: 60_994 },
  place: { kind: 'unit', sandbox: 'plain' },
  network: 'loopback',
  program: 'gateway',
  writes: ['/run/hardshell'],
  memoryMax: '512M',
};

const units = [...PROCESSES.filter(({ place }) => place.kind === 'unit'), GATEWAY];
const optionsOf = (text: string): Map<string, string> =>
  new Map(
    text
      .split('\n')
      .flatMap((line) =>
        /^[A-Z]\w+=/.test(line) ? [[line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]] : [],
      ),
  );

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('units', () => {
  // Programs must be there for `verify`: they are named by files of this machine.
  const texts = units.map((process) => ({
    process,
    text: renderUnit(process, OPTIONS)
      .replaceAll(`${OPTIONS.current}/bin/node`, '/bin/true')
      .replaceAll(OPTIONS.nft, '/bin/true'),
  }));
  mkdirSync(folder, { recursive: true });
  for (const { process, text } of texts) writeFileSync(join(folder, unitName(process)), text);

  test.each(texts)('$process.name is accepted by `systemd-analyze verify` without a word', ({ process }) => {
    const done = spawnSync('systemd-analyze', ['verify', join(folder, unitName(process))], {
      encoding: 'utf8',
      env: { ...globalThis.process.env, SYSTEMD_UNIT_PATH: `${folder}:` },
    });
    const ours = `${done.stdout}${done.stderr}`
      .split('\n')
      .filter((line) => line.includes('hardshell') && !line.includes('User='));
    expect([done.status, ours]).toEqual([0, []]);
  });

  test('`verify` sees a slip of the pen', () => {
    const path = join(folder, 'hardshell-wrong.service');
    writeFileSync(path, '[Service]\nExecStart=relative/path\nNoSuchOption=1\n');
    const done = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' });
    expect(done.stderr).toMatch(/NoSuchOption|relative/);
  });

  test.each(texts)('$process.name is rated below its threshold by `systemd-analyze security`', ({ process }) => {
    const threshold = EXPOSURE_MAX[process.name];
    const rate = (most: number): number | null =>
      spawnSync('systemd-analyze', [
        'security',
        '--offline=true',
        `--threshold=${most}`,
        join(folder, unitName(process)),
      ]).status;
    expect(threshold).toBeDefined();
    expect(rate(threshold ?? 0)).toBe(0);
    // The rating is one that can fail.
    expect(rate(0)).not.toBe(0);
  });

  test('the unit that builds walls has no option that breaks them, and every other has', () => {
    const supervisor = PROCESSES.find(({ name }) => name === 'supervisor');
    const set = new Map(sandboxOptions(supervisor ?? GATEWAY, 'walls'));
    expect([...BREAKS_WALLS.keys()].filter((key) => set.has(key))).toEqual([]);
    const plain = new Map(sandboxOptions({ ...GATEWAY, network: 'none' }, 'plain'));
    expect([...BREAKS_WALLS.keys()].filter((key) => !plain.has(key))).toEqual(['MemoryDenyWriteExecute']);
  });

  test('the supervisor waits for the firewall, is not started over after a stop, and ends its zones with it', () => {
    const text = texts.find(({ process }) => process.name === 'supervisor')?.text ?? '';
    const options = optionsOf(text);
    expect(options.get('Requires')).toBe('hardshell-firewall.service');
    expect(options.get('After')).toContain('hardshell-firewall.service');
    expect(options.get('Restart')).toBe('on-abnormal');
    expect(options.get('KillMode')).toBe('mixed');
    expect(options.get('Delegate')).toBe('yes');
    expect(options.get('UMask')).toBe('0077');
    expect(options.get('CapabilityBoundingSet')?.split(' ')).not.toContain('CAP_SYS_ADMIN');
    expect(options.get('CapabilityBoundingSet')?.split(' ')).not.toContain('CAP_NET_ADMIN');
  });

  test('with one account there is no root and no capability', () => {
    const supervisor = PROCESSES.find(({ name }) => name === 'supervisor') ?? GATEWAY;
    const options = optionsOf(renderUnit(supervisor, { ...OPTIONS, oneAccount: true }));
    expect([options.get('User'), options.get('CapabilityBoundingSet')]).toEqual(['hardshell', '']);
  });
});
