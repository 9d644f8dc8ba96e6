import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  requireBubblewrap,
  wantBubblewrap,
  type BubblewrapSearch,
} from '../../src/app/supervisor/bubblewrap-present.ts';
import { modelBehind, readSettings, requireMode } from '../../src/app/supervisor/settings.ts';
import { parseConfig, type Config } from '../../src/config/index.ts';
import { pullKillSwitch, readEpochs, simulateKillSwitch, type Lever } from '../../src/control/index.ts';
import { explainBubblewrapError, openLibrary, parseLoaderTrace, type HostView } from '../../src/isolation/index.ts';
import { EventLog } from '../../src/supervisor/events.ts';
import { keepHarmlessLines, openLogFile } from '../../src/supervisor/log-file.ts';
import { cleanRun, prepareRun, removeEntry, UidPool } from '../../src/supervisor/places.ts';

let base: string;
beforeEach(() => (base = mkdtempSync(join(tmpdir(), 'hs-parts-'))));
afterEach(() => rmSync(base, { recursive: true, force: true }));

const configOf = (text: string): Config => {
  const parsed = parseConfig(text, {});
  if (parsed.kind !== 'ok') throw new Error('not a configuration');
  return parsed.config;
};

describe('bubblewrap', () => {
  const machine = (
    overrides: Partial<BubblewrapSearch>,
  ): BubblewrapSearch & { readonly ran: string[]; readonly told: string[] } => {
    const ran: string[] = [];
    const told: string[] = [];
    return {
      find: () => undefined,
      mayUnshare: () => Promise.resolve(true),
      osRelease: () => 'ID=debian\n',
      isRoot: true,
      run: (command, args) => ran.push([command, ...args].join(' ')) > 0,
      tell: (sentence) => told.push(sentence),
      ran,
      told,
      ...overrides,
    };
  };

  it('is installed by root on Debian and its kin, with a word said about it', () => {
    let installed = false;
    const search = machine({
      osRelease: () => 'ID=mint\nID_LIKE="ubuntu debian"\n',
      find: () => (installed ? '/usr/bin/bwrap' : undefined),
      run: () => (installed = true),
    });
    expect(requireBubblewrap(search)).toBe('/usr/bin/bwrap');
    expect(search.told).toEqual(['bubblewrap, the wall around every zone, is missing: installing it with apt-get']);
  });

  it('is left to an administrator by everybody else, who is told one command, and nothing is run', () => {
    const commands: [string, string][] = [
      ['ID=debian', 'sudo apt-get install -y bubblewrap'],
      ['ID=fedora', 'sudo dnf install -y bubblewrap'],
      ['ID="arch"', 'sudo pacman -S --noconfirm bubblewrap'],
      ['ID=gentoo', 'the package `bubblewrap`'],
    ];
    for (const [osRelease, command] of commands) {
      const search = machine({ isRoot: false, osRelease: () => osRelease });
      expect(() => requireBubblewrap(search)).toThrow(command);
      expect(search.ran).toEqual([]);
    }
    const elsewhere = machine({ osRelease: () => 'ID=fedora' });
    expect(() => requireBubblewrap(elsewhere)).toThrow('sudo dnf');
    expect(elsewhere.ran).toEqual([]);
  });

  it('is not asked for twice where it is there', () => {
    const search = machine({ find: () => '/usr/bin/bwrap' });
    expect(requireBubblewrap(search)).toBe('/usr/bin/bwrap');
    expect([...search.ran, ...search.told]).toEqual([]);
  });

  it('is asked for where it could make namespaces, and not where there are none', async () => {
    const fedora = { isRoot: false, osRelease: () => 'ID=fedora' };
    await expect(wantBubblewrap(machine(fedora))).rejects.toThrow('sudo dnf');
    expect(await wantBubblewrap(machine({ ...fedora, mayUnshare: () => Promise.resolve(false) }))).toBe(undefined);
    const there = machine({ find: () => '/usr/bin/bwrap', mayUnshare: () => Promise.resolve(false) });
    expect(await wantBubblewrap(there)).toBe('/usr/bin/bwrap');
  });

  it('has its refusals explained with what removes them', () => {
    expect(explainBubblewrapError('bwrap: setting up uid map: Permission denied').remedy).toContain(
      'apparmor_restrict_unprivileged_userns=0',
    );
    expect(
      explainBubblewrapError("bwrap: Can't mount proc on /newroot/proc: Operation not permitted").reason,
    ).toContain('masks /proc');
    expect(explainBubblewrapError('\u001B[31mnonsense').reason).toBe('bubblewrap said: [31mnonsense');
  });
});

describe('settings', () => {
  it('are the limits of the configuration, and a relay only where a model is configured', () => {
    const plain = readSettings(configOf('{ zones: { reader: { memoryMiB: 128, tasks: 20, cpus: 0.25 } } }'));
    expect(plain.limits.reader).toEqual({ memoryBytesMax: 128 * 1024 * 1024, tasksMax: 20, cpus: 0.25 });
    expect(plain.model).toBeUndefined();
    const local = readSettings(configOf("{ models: { local: { baseUrl: 'http://[::1]:11434/v1', model: 'm' } } }"));
    expect(local.model).toEqual({ host: '::1', port: 11_434, basePath: '/v1', name: 'm' });
  });

  it('leave the model out where whoever may open a socket would reach those of the owner', () => {
    const { model } = readSettings(configOf("{ models: { local: { baseUrl: 'http://[::1]:11434/v1', model: 'm' } } }"));
    const told: string[] = [];
    const tell = (sentence: string): void => void told.push(sentence);
    const hostView: HostView = { placeOf: (inside) => inside, socketsOf: () => 'none', scopes: true };
    expect(model).toBeDefined();
    expect(modelBehind({ ownUids: false }, model, tell)).toBe(model);
    expect(modelBehind({ ownUids: true, hostView }, model, tell)).toBe(model);
    expect(modelBehind({ ownUids: false, hostView }, undefined, tell)).toBeUndefined();
    expect(told).toEqual([]);
    expect(modelBehind({ ownUids: false, hostView }, model, tell)).toBeUndefined();
    expect(told).toEqual([expect.stringContaining('run as root or where namespaces can be made')]);
  });

  it('refuse a weaker isolation than the owner asks for', () => {
    const config = configOf("{ zones: { minimumMode: 'F' } }");
    expect(() => requireMode('U', config)).toThrow('isolation here is mode U, `zones.minimumMode` asks for F');
    expect(() => requireMode('F', config)).not.toThrow();
  });
});

describe('the run directory', () => {
  it('is emptied of what a crash left, and links are removed without being followed', () => {
    const run = join(base, 'run');
    prepareRun(run);
    const bait = join(base, 'bait');
    mkdirSync(bait);
    writeFileSync(join(bait, 'kept'), '');
    symlinkSync(bait, join(run, 'zone2-planner'));
    mkdirSync(join(run, 'zone3-email-reader.1'));
    symlinkSync(bait, join(run, 'zone3-email-reader.1', 'zone-bridge.sock'));
    writeFileSync(join(run, 'supervisor', 'lock.db'), '');
    cleanRun(run);
    expect(readdirSync(run)).toEqual(expect.not.arrayContaining(['zone2-planner', 'zone3-email-reader.1']));
    expect(existsSync(join(bait, 'kept'))).toBe(true);
    expect(existsSync(join(run, 'supervisor', 'lock.db'))).toBe(true);
  });

  it('is refused where a link stands in its place', () => {
    mkdirSync(join(base, 'elsewhere'));
    symlinkSync(join(base, 'elsewhere'), join(base, 'run'));
    expect(() => prepareRun(join(base, 'run'))).toThrow('is not a directory of ours; remove it');
    mkdirSync(join(base, 'deep', 'a', 'b', 'c'), { recursive: true });
    expect(() => removeEntry(join(base, 'deep'), 2)).toThrow('is not ours; remove it');
  });

  it('gives each zone a uid that no account has, and gives none twice', () => {
    const pool = new UidPool('somebody:x:61003:61003::/:/bin/sh\n');
    const taken = [pool.take(), pool.take(), pool.take()];
    expect(taken.map(({ uid }) => uid)).toEqual([61_002, 61_004, 61_005]);
    pool.giveBack({ uid: 61_004, gid: 61_004 });
    expect(pool.take().uid).toBe(61_004);
  });
});

describe('logs of processes', () => {
  it('keep names of errors and places of ours, and nothing a mail could hold', () => {
    const text = [
      'file:///app/main.mjs:3',
      '  throw new Error("Dear Bob, the code is 1234")',
      'TypeError: Dear Bob, the code is 1234',
      '    at read (file:///app/main.mjs:12:34)',
      '    at Dear Bob the code is 1234',
      'Uncaught RangeError [ERR_OUT_OF_RANGE]: 1234',
    ].join('\n');
    expect(keepHarmlessLines(text)).toBe('TypeError\n    at main.mjs:12:34\nRangeError\n');
    expect(keepHarmlessLines('hello')).toBe('');
  });

  it('are private and of bounded size', () => {
    const log = openLogFile(base, 'x', 1_000);
    for (let i = 0; i < 30; i++) log.write('0123456789'.repeat(10));
    expect(statSync(join(base, 'x.log')).mode & 0o777).toBe(0o600);
    expect(statSync(join(base, 'x.log')).size).toBeLessThanOrEqual(1_000);
    expect(readdirSync(base).sort()).toEqual(['x.1.log', 'x.log']);
    for (let i = 0; i < 10; i++) log.write(Buffer.alloc(100 * 1024));
    const total = readdirSync(base).reduce((sum, name) => sum + statSync(join(base, name)).size, 0);
    expect(total).toBeLessThan(400 * 1024);
  });
});

describe('events', () => {
  const event = { kind: 'started', name: 'zone2-planner', profile: 'planner', session: null, code: null } as const;

  it('reach a watcher that waits, in order, and each one once', async () => {
    const log = new EventLog();
    const waiting = log.since(0, 10_000, new AbortController().signal);
    log.add(event);
    log.add({ ...event, kind: 'exited', code: 0 });
    const first = await waiting;
    expect(first).toMatchObject({ next: 2, missed: false });
    const rest = await log.since(first.events.at(-1)?.seq ?? 0, 0, new AbortController().signal);
    expect([...first.events, ...rest.events].map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('say when a watcher came too late, and let one go whose connection is gone', async () => {
    const log = new EventLog();
    for (let i = 0; i < 1_100; i++) log.add(event);
    expect(await log.since(5, 0, new AbortController().signal)).toMatchObject({ missed: true, next: 1_100 });
    const gone = new AbortController();
    const waiting = log.since(1_100, 60_000, gone.signal);
    gone.abort();
    expect((await waiting).events).toEqual([]);
  });
});

describe('the kill switch', () => {
  const lever = (name: string, pull: Lever['pull']): Lever => ({
    name,
    pull,
    test: () => Promise.resolve({ ok: true, detail: '' }),
  });

  it('pulls every lever though one throws, again until nothing runs, and stops though nothing can be written', async () => {
    let running = 3;
    const pulled: string[] = [];
    const report = await pullKillSwitch({
      latch: lever('latch', () => Promise.reject(new Error('disk gone'))),
      levers: [
        lever('a', () => Promise.reject(new Error('hung'))),
        lever('b', () => {
          pulled.push('b');
          running -= 1;
          return Promise.resolve({ ok: true, detail: '' });
        }),
      ],
      remaining: () => running,
      record: () => Promise.reject(new Error('full')),
      nowMs: () => pulled.length,
      pause: () => Promise.resolve(),
    });
    expect(report).toMatchObject({ simulated: false, running: 3, remaining: 0, recorded: false });
    expect(pulled).toHaveLength(3);
    expect(report.levers.map(({ ok }) => ok)).toEqual([false, false, true]);
  });

  it('gives up saying so when something will not end', async () => {
    let now = 0;
    const options = {
      latch: lever('latch', () => Promise.resolve({ ok: true, detail: '' })),
      levers: [],
      remaining: () => 1,
      record: () => Promise.resolve(),
      nowMs: () => (now += 1_000),
      pause: () => Promise.resolve(),
    };
    expect(await pullKillSwitch(options)).toMatchObject({ remaining: 1 });
    expect(await simulateKillSwitch(options)).toMatchObject({ simulated: true, recorded: false });
  });

  it('reads killed epochs from lines, damaged chain or not, and counts no rehearsal', () => {
    const line = (event: string, epoch: number, simulated = false): string =>
      `{"v":1,"event":"${event}","details":{"epoch":${epoch},"simulated":${simulated}}}`;
    expect(readEpochs(base)).toEqual({ killed: 0, seen: 0 });
    const lines = [
      line('killed', 1),
      line('revived', 2),
      'damage',
      line('killed', 9, true),
      line('killed', 2),
      line('revived', 3),
    ];
    writeFileSync(join(base, 'stop-audit.jsonl'), lines.join('\n'));
    expect(readEpochs(base)).toEqual({ killed: 2, seen: 9 });
    writeFileSync(join(base, 'audit.jsonl'), line('armed', 12));
    expect(readEpochs(base, { inMain: true })).toEqual({ killed: 2, seen: 12 });
  });
});

describe('the library of programs', () => {
  it('copies by digest, read-only, once, and what has changed again', async () => {
    mkdirSync(join(base, 'lib'));
    mkdirSync(join(base, 'program'));
    writeFileSync(join(base, 'program', 'main.mjs'), 'one');
    const first = await openLibrary(join(base, 'lib')).directory(join(base, 'program'));
    expect(first).toMatch(/\/[0-9a-f]{32}$/);
    expect(statSync(join(first, 'main.mjs')).mode & 0o777).toBe(0o444);
    expect(await openLibrary(join(base, 'lib')).directory(join(base, 'program'))).toBe(first);
    writeFileSync(join(base, 'program', 'main.mjs'), 'two');
    const library = openLibrary(join(base, 'lib'));
    const second = await library.directory(join(base, 'program'));
    expect(second).not.toBe(first);
    expect(readFileSync(join(first, 'main.mjs'), 'utf8')).toBe('one');
    // A damaged index costs time, never trust.
    writeFileSync(join(base, 'lib', 'index.json'), '[{"key":1}, {"digest":"../../etc"}]');
    expect(readFileSync(await library.file(join(base, 'program', 'main.mjs')), 'utf8')).toBe('two');
  });

  it('knows the libraries of a program from its loader', () => {
    const trace =
      '\tlinux-vdso.so.1 (0x00007ffe)\n\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f56be13e000)\n\t/lib64/ld-linux-x86-64.so.2 (0x00007f56be677000)\n\tlibgone.so => not found\n';
    expect(parseLoaderTrace(trace)).toEqual(['/lib/x86_64-linux-gnu/libc.so.6', '/lib64/ld-linux-x86-64.so.2']);
  });
});
