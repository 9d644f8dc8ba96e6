import { spawnSync, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROCESSES } from '../../src/host/index.ts';
import { sandboxOptions } from '../../src/host/services/sandbox.ts';
import { isRoot, World } from './support/world.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const CHECKOUT = [process.execPath, join(ROOT, 'bin', 'hardshell')];
const CURRENT = '/usr/lib/hardshell/current';
const ENVIRONMENT = { HARDSHELL_DEPLOYMENT: 'installed', HARDSHELL_HOME: '/var/lib/hardshell/home' };

/** What the unit leaves of root: its capabilities, no new privileges, and a file system that can be written in three places. */
function asItsUnit(): string[] {
  const supervisor = PROCESSES.find(({ name }) => name === 'supervisor');
  if (supervisor === undefined) throw new Error('no supervisor in the table');
  const options = new Map(sandboxOptions(supervisor, 'walls'));
  const kept = (options.get('CapabilityBoundingSet') ?? '').split(' ').map((name) => `+${name.slice(4).toLowerCase()}`);
  const writes = (options.get('ReadWritePaths') ?? '').split(' ');
  // As `ProtectSystem=strict` does it, in a mount namespace of its own.
  const open = writes.map((path) => `mount --bind ${path} ${path}`);
  const closed = ['/etc', '/usr/lib', '/usr/local', '/var/lib', '/run', '/'].map(
    (path) => `mount -o remount,bind,ro ${path}`,
  );
  const drop = ['setpriv', '--no-new-privs', '--inh-caps=-all', `--bounding-set=-all,${kept.join(',')}`];
  const start = [
    ...drop,
    `${CURRENT}/bin/node`,
    '--disable-warning=ExperimentalWarning',
    `${CURRENT}/dist/supervisor/main.mjs`,
  ];
  return ['unshare', '--mount', 'sh', '-ec', `${[...open, ...closed].join('; ')}; umask 077; exec ${start.join(' ')}`];
}

describe.runIf(isRoot)('an installed instance, started as its unit starts it', { timeout: 240_000 }, () => {
  let world: World;
  let supervisor: ChildProcess;
  let said = '';

  const hardshell = (...words: string[]): ReturnType<World['run']> => world.run(['/usr/local/bin/hardshell', ...words]);
  const start = (): Promise<number | null> => {
    said = '';
    supervisor = world.start(asItsUnit(), ENVIRONMENT);
    return new Promise((resolve) => {
      for (const stream of [supervisor.stdout, supervisor.stderr])
        stream?.on('data', (chunk: Buffer) => {
          said += chunk.toString();
          if (said.includes('Ctrl-C stops everything')) resolve(null);
        });
      supervisor.once('close', (code) => resolve(code ?? -1));
    });
  };

  beforeAll(async () => {
    spawnSync(CHECKOUT[0] ?? '', [CHECKOUT[1] ?? '', '--version'], { stdio: 'ignore' });
    world = await World.open();
    const { code, err } = world.run([...CHECKOUT, 'install']);
    expect([code, err]).toEqual([0, '']);
  });
  afterAll(() => {
    hardshell('kill');
    world.close();
  });

  test('does not start without the rules of the firewall, and makes no home', async () => {
    world.run(['nft', 'delete', 'table', 'inet', 'hardshell']);
    expect(await start()).toBe(1);
    expect(said).toMatch(
      /rules of the firewall are gone or changed \(uid .*60990.*systemctl restart hardshell-firewall/s,
    );
    expect(world.run(['ls', '/var/lib/hardshell/home']).code).not.toBe(0);
    world.run(['nft', '-f', '/etc/hardshell/firewall.nft']);
  });

  test('starts with them, under the few rights that its unit leaves it', async () => {
    expect([await start(), said]).toEqual([null, expect.stringContaining('an own uid for each zone')]);
    const status = JSON.parse(hardshell('status', '--json').out) as object;
    expect(status).toMatchObject({ ready: true, deployment: 'installed', mode: 'F', presence: 'passphrase' });
  });

  test('runs every process under an account or a uid of its own, none as root', async () => {
    const read = (): { zones: { name: string; processes: { pid: number }[] }[] } =>
      JSON.parse(world.run(['cat', '/run/hardshell/supervisor/zones.json']).out) as ReturnType<typeof read>;
    let zones = read();
    // The standing planner comes up after the instance is ready.
    for (let tries = 0; tries < 100 && !zones.zones.some(({ name }) => name === 'zone2-planner'); tries++) {
      await sleep(100);
      zones = read();
    }
    const uids = zones.zones.map(({ name, processes }) => [
      name.replace(/\..*/, ''),
      Number(/^Uid:\s+(\d+)/m.exec(world.run(['cat', `/proc/${processes[1]?.pid ?? 0}/status`]).out)?.[1]),
    ]);
    const found = new Map(uids.map(([name, uid]) => [name, uid]));
    expect([found.get('zone1-executor'), found.get('connector-maildir')]).toEqual([60_990, 60_993]);
    expect(new Set(uids.map(([, uid]) => uid)).size).toBe(uids.length);
    expect(Number(found.get('zone2-planner'))).toBeGreaterThanOrEqual(61_002);
    expect(Number(found.get('zone2-planner'))).toBeLessThan(61_184);
  });

  test('keeps its home from every other account, and its sockets from all but the zone they belong to', () => {
    const as = (uid: number, path: string): number =>
      world.run(['setpriv', '--reuid', String(uid), '--regid', String(uid), '--clear-groups', 'ls', path]).code;
    expect(as(60_990, '/var/lib/hardshell/home/keys')).toBe(0);
    for (const uid of [60_993, 61_002, 65_534]) {
      expect(as(uid, '/var/lib/hardshell/home')).not.toBe(0);
      expect(as(uid, '/run/hardshell/control')).not.toBe(0);
      expect(as(uid, '/run/hardshell/supervisor')).not.toBe(0);
    }
    expect(as(60_993, '/var/lib/hardshell-mail')).toBe(0);
    expect(as(60_990, '/var/lib/hardshell-mail')).not.toBe(0);
  });

  test('takes a terminal for the first passphrase only, and for nothing before it', async () => {
    world.sh(`cp ${join(ROOT, 'samples', '01-question.eml')} /var/lib/hardshell-mail/in/`);
    expect(hardshell('contacts', 'add', 'ann@example.org', 'Ann', '--yes').code).toBe(1);
    world.sh('printf "correct horse battery staple\\n" > /tmp/passphrase');
    const enrol = world.sh('/usr/local/bin/hardshell approvals enrol --yes --new-passphrase-fd 3 3</tmp/passphrase');
    expect([enrol.code, enrol.err]).toEqual([0, expect.any(String)]);
    const again = world.sh('/usr/local/bin/hardshell approvals enrol --yes --new-passphrase-fd 3 3</tmp/passphrase');
    expect(again.code).toBe(1);
    const add = world.sh(
      '/usr/local/bin/hardshell contacts add ann@example.org Ann --passphrase-fd 3 3</tmp/passphrase',
    );
    expect([add.code, add.err]).toEqual([0, expect.any(String)]);
    for (let tries = 0; tries < 100 && !hardshell('inbox', 'list').out.includes('ruth@'); tries++) await sleep(100);
    expect(hardshell('inbox', 'list').out).toContain('ruth@garden.example.org');
  });

  test('leaves no file in its home to root but its logs, and `doctor` finds nothing to mend', () => {
    hardshell('config', 'set', 'approvals.questionsPerDay', '19');
    const owners = world.run([
      'find',
      '/var/lib/hardshell/home',
      '-uid',
      '0',
      '!',
      '-path',
      '*/logs*',
      '!',
      '-path',
      '*/mail*',
    ]);
    expect(owners.out).toBe('');
    expect(hardshell('doctor').out).not.toMatch(/^BAD {2}(?:home|keys|log|armed)/m);
  });

  test('is not replaced by another version while it runs', () => {
    world.sh(
      `cp -r ${ROOT}/dist ${ROOT}/policies ${ROOT}/templates ${ROOT}/LICENSE ${ROOT}/package.json /mnt && echo >> /mnt/LICENSE`,
    );
    const { code, err } = world.run([process.execPath, '/mnt/dist/cli/main.mjs', 'install']);
    expect([code, err]).toEqual([1, expect.stringMatching(/another version runs .*stop it first/)]);
    expect(hardshell('uninstall', '--yes').err).toMatch(/the instance runs; stop it first with `hardshell down`/);
  });

  test('is stopped by `kill` for good: started again it refuses, until it is revived', async () => {
    expect(hardshell('kill').out).toContain('nothing is left running');
    expect(await start()).toBe(1);
    expect(said).toContain('it was stopped with `hardshell kill`');
    const revive = world.sh('/usr/local/bin/hardshell revive --passphrase-fd 3 3</tmp/passphrase');
    expect([revive.code, revive.err]).toEqual([0, expect.any(String)]);
    expect(await start()).toBeNull();
    expect(hardshell('down').code).toBe(0);
  });

  test('and is gone with everything it kept when it is uninstalled', () => {
    expect(hardshell('uninstall', '--yes').code).toBe(0);
    expect(
      world.sh(
        'ls -d /var/lib/hardshell /var/lib/hardshell-mail /var/lib/hardshell-install /run/hardshell /usr/lib/hardshell /etc/hardshell',
      ).out,
    ).toBe('');
  });
});

describe.runIf(isRoot)('an installed instance with one account', { timeout: 120_000 }, () => {
  test('runs without root and without any capability, and says that its zones share one uid', async () => {
    const world = await World.open();
    try {
      expect(world.run([...CHECKOUT, 'install', '--one-account']).code).toBe(0);
      const drop = ['setpriv', '--reuid', '60990', '--regid', '60990', '--clear-groups', '--no-new-privs'];
      const none = ['--inh-caps=-all', '--bounding-set=-all'];
      const node = [
        `${CURRENT}/bin/node`,
        '--disable-warning=ExperimentalWarning',
        `${CURRENT}/dist/supervisor/main.mjs`,
      ];
      const child = world.start([...drop, ...none, ...node], ENVIRONMENT);
      let said = '';
      await new Promise((resolve) => {
        child.stdout?.on('data', (chunk: Buffer) => {
          said += chunk.toString();
          if (said.includes('Ctrl-C stops everything')) resolve(undefined);
        });
        child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
        child.once('close', resolve);
      });
      expect(said).toMatch(/mode U: no network, one uid for all zones/);
      expect(world.run(['/usr/local/bin/hardshell', 'kill']).out).toContain('nothing is left running');
      expect(world.run([...CHECKOUT, 'uninstall', '--yes']).code).toBe(0);
    } finally {
      world.close();
    }
  });
});
