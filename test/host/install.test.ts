import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isRoot, World } from './support/world.ts';

const HARDSHELL = [process.execPath, join(import.meta.dirname, '..', '..', 'bin', 'hardshell')];
/** What an installation may touch, without what the system's own tools for accounts keep beside their files. */
const TOUCHED = ['/etc', '/usr/local', '/var/lib', '/run', '/usr/lib/systemd', '/usr/lib/tmpfiles.d'];
const NOT_OURS = [
  '/etc/passwd-',
  '/etc/group-',
  '/etc/shadow-',
  '/etc/gshadow-',
  '/etc/subuid-',
  '/etc/subgid-',
  '/etc/.pwd.lock',
];
const NAMES = ['hardshell', 'hardshell-egress', 'hardshell-model', 'hardshell-maildir'];

describe.runIf(isRoot)('an installation on this machine, in a copy of its folders', { timeout: 240_000 }, () => {
  let world: World;
  let before: string[];

  beforeAll(async () => {
    spawnSync(HARDSHELL[0] ?? '', [HARDSHELL[1] ?? '', '--version'], { stdio: 'ignore' });
    world = await World.open();
    before = world.list(TOUCHED, NOT_OURS);
  });
  afterAll(() => world.close());

  test('a dry run names every file and command, and changes nothing', () => {
    const { code, out } = world.run([...HARDSHELL, 'install', '--dry-run']);
    expect(code).toBe(0);
    for (const word of ['user hardshell-egress', '/etc/hardshell/firewall.nft', 'ExecStart=', 'nft -f', 'sha256'])
      expect(out).toContain(word);
    expect(world.list(TOUCHED, NOT_OURS)).toEqual(before);
  });

  test('makes what the dry run named, says each step, and says what is left to do by hand', () => {
    const { code, out, err } = world.run([...HARDSHELL, 'install']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/\[ *1\/\d+\] made +group hardshell /);
    expect(out).toMatch(/left to you: no service manager runs here/);
  });

  test.each(NAMES)('%s cannot log in, has no password, no sudo and no group but its own', (name) => {
    const [, , uid, gid, , home, shell] = world.run(['getent', 'passwd', name]).out.trim().split(':');
    expect([uid === gid, shell]).toEqual([true, '/usr/sbin/nologin']);
    expect(Number(uid)).toBeGreaterThan(60_000);
    expect(home).toBe(name === 'hardshell' ? '/var/lib/hardshell' : '/nonexistent');
    expect(world.run(['getent', 'shadow', name]).out.split(':')[1]).toBe('!');
    expect(world.run(['id', '-nG', name]).out.trim()).toBe(name);
    expect(world.run(['su', name, '-c', 'true']).code).not.toBe(0);
    expect(world.run(['sudo', '-n', '-l', '-U', name]).out).toMatch(/is not allowed to run sudo/);
  });

  test('the twin: an account in the group sudo is seen as one that may', () => {
    world.sh('useradd --system --groups sudo twin');
    expect(world.run(['sudo', '-n', '-l', '-U', 'twin']).out).toMatch(/may run the following/);
    expect(world.run(['id', '-nG', 'twin']).out).toMatch(/sudo/);
    world.sh('userdel twin');
  });

  test('directories have the owners and modes of the design', () => {
    const rights = (path: string): string => world.run(['stat', '-c', '%a %U:%G', path]).out.trim();
    expect(rights('/var/lib/hardshell')).toBe('700 hardshell:hardshell');
    expect(rights('/var/lib/hardshell-mail')).toBe('700 hardshell-maildir:hardshell-maildir');
    expect(rights('/usr/lib/hardshell')).toBe('755 root:root');
    expect(rights('/run/hardshell')).toBe('711 root:root');
    expect(rights('/etc/hardshell')).toBe('700 root:root');
    expect(rights('/etc/hardshell/firewall.nft')).toBe('600 root:root');
    expect(world.run(['readlink', '-f', '/usr/local/bin/hardshell']).out).toMatch(
      /^\/usr\/lib\/hardshell\/[0-9a-f]{16}\/bin\/hardshell/,
    );
    expect(world.run(['find', '/usr/lib/hardshell', '-perm', '/022', '!', '-type', 'l']).out).toBe('');
  });

  test('a second run changes nothing and says so', () => {
    const between = world.list(TOUCHED, NOT_OURS);
    const { code, out } = world.run([...HARDSHELL, 'install']);
    expect(code).toBe(0);
    expect(out).toContain('nothing had to be changed');
    expect(world.list(TOUCHED, NOT_OURS)).toEqual(between);
  });

  test('what was changed by hand is put right and kept beside, and what is missing is made again', () => {
    world.sh(
      'echo "# mine" >> /etc/systemd/system/hardshell.service; rm /usr/local/bin/hardshell; chmod 750 /etc/hardshell',
    );
    const { code, err } = world.run([...HARDSHELL, 'install']);
    expect(code).toBe(0);
    expect(err).toContain('hardshell.service.changed-by-owner');
    expect(world.sh('tail -1 /etc/systemd/system/hardshell.service.changed-by-owner').out).toBe('# mine\n');
    expect(world.run(['stat', '-c', '%a', '/etc/hardshell']).out).toBe('700\n');
    expect(world.sh('rm /etc/systemd/system/hardshell.service.changed-by-owner').code).toBe(0);
  });

  test('progress and result are objects for programs', () => {
    const lines = world
      .run([...HARDSHELL, 'install', '--json'])
      .out.trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines.at(0)).toMatchObject({ event: 'step', n: 1, outcome: 'unchanged' });
    expect(lines.at(-1)).toMatchObject({ event: 'done', made: 0 });
  });

  test('deleting an instance needs a yes', () => {
    const { code, err } = world.run([...HARDSHELL, 'uninstall']);
    expect([code, err]).toEqual([1, expect.stringContaining('--keep-home')]);
  });

  test('an uninstall leaves the machine as it was before, to the byte', () => {
    expect(world.run([...HARDSHELL, 'uninstall', '--yes']).code).toBe(0);
    expect(world.list(TOUCHED, NOT_OURS)).toEqual(before);
    expect(world.run(['nft', 'list', 'tables']).out).not.toContain('hardshell');
    expect(world.run(['ls', '/usr/lib/hardshell']).code).not.toBe(0);
  });

  test('with `--keep-home` the instance stays, and a later installation takes it up', () => {
    world.run([...HARDSHELL, 'install']);
    world.sh(
      'mkdir /var/lib/hardshell/home; echo kept > /var/lib/hardshell/home/x; chown -R hardshell: /var/lib/hardshell',
    );
    const { code, out } = world.run([...HARDSHELL, 'uninstall', '--keep-home']);
    expect([code, out]).toEqual([0, expect.stringContaining('stays: /var/lib/hardshell')]);
    expect(world.run(['getent', 'passwd', 'hardshell']).code).not.toBe(0);
    expect(world.run([...HARDSHELL, 'install']).code).toBe(0);
    expect(world.sh('stat -c %U /var/lib/hardshell/home/x; cat /var/lib/hardshell/home/x').out).toBe(
      'hardshell\nkept\n',
    );
    expect(world.run([...HARDSHELL, 'uninstall', '--yes']).code).toBe(0);
  });
});
