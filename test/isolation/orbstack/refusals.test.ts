import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openOrbstackDriver, type GuestFile } from '../../../src/isolation/index.ts';
import { MACHINES } from '../../../src/isolation/orbstack/machines.ts';
import { digestOf, FakeOrb, NO_GUEST } from './support.ts';

describe.skipIf(NO_GUEST !== undefined)('the OrbStack driver, before any zone', () => {
  let fake: FakeOrb;
  let folder: string;
  let files: GuestFile[];
  beforeEach(() => {
    fake = new FakeOrb();
    folder = mkdtempSync(join(tmpdir(), 'hs-orb-files-'));
    writeFileSync(join(folder, 'node'), 'a node');
    files = [{ path: join(folder, 'node'), target: 'node', executable: true, sha256: digestOf('a node') }];
  });
  afterEach(() => {
    fake.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const open = (): Promise<unknown> =>
    openOrbstackDriver({
      orb: fake.orb,
      env: fake.env,
      instance: '00000000',
      files,
      guestDirectories: new Map(),
      sockets: [],
      machines: MACHINES.slice(0, 1),
    });
  const verbs = (): string[] => fake.calls().map(([verb]) => verb ?? '');

  it('refuses an OrbStack that is too old, and makes nothing', async () => {
    fake.turn({ version: '2.1.1' });
    await expect(open()).rejects.toThrow(/OrbStack 2\.1\.1 is too old; install 2\.2\.0 or newer/);
    expect(verbs()).not.toContain('create');
  });

  it('refuses a machine that is not isolated, or of which OrbStack does not say so, and installs nothing in it', async () => {
    fake.turn({ config: { isolated: false } });
    await expect(open()).rejects.toThrow(/it sees the files of this Mac/);
    expect(verbs()).not.toContain('-m');
    // What was half made is gone again, and only that.
    expect(fake.calls().at(-1)).toEqual(['delete', '--force', 'zone2-planner']);
    expect(fake.machines()).toEqual({});
    fake.turn({ missing: ['isolate_network'] });
    await expect(open()).rejects.toThrow(/does not say how the machine is isolated/);
    expect(verbs()).not.toContain('-m');
  });

  it('refuses a machine in which something else arrived than was sent', async () => {
    fake.turn({ spoil: 'node' });
    await expect(open()).rejects.toThrow(/what arrived in the machine is not what was sent/);
  });

  it('refuses a machine whose packet filter does not outlive a reboot', async () => {
    fake.turn({ forgetful: true });
    await expect(open()).rejects.toThrow(/the machine lacks: table inet hardshell/);
  });

  it('refuses a machine in which no wall stands', async () => {
    // The digest is right and what it names is no Node.
    await expect(open()).rejects.toThrow(/isolation|failed/);
    expect(fake.refused()).toEqual([]);
  });

  it('says what to do where there is no OrbStack', async () => {
    const gone = openOrbstackDriver({
      orb: join(folder, 'orb'),
      env: {},
      instance: '00000000',
      files,
      guestDirectories: new Map(),
      sockets: [],
    });
    await expect(gone).rejects.toThrow(/could not be run; install OrbStack/);
  });
});
