import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createBubblewrapDriver,
  findRuntime,
  openLibrary,
  type Mount,
  type ZoneDriver,
  type ZoneSpec,
} from '../../src/isolation/index.ts';
import { cleanRun, DEFAULT_LIMITS, prepareRun, startSupervisor, type Supervisor } from '../../src/supervisor/index.ts';

const HOST_FILE: Mount = { kind: 'read', from: '/etc/passwd', to: '/etc/passwd' };

let folder = '';
let supervisor: Supervisor | undefined;
const created: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hs-proof-'));
  chmodSync(folder, 0o755);
  created.length = 0;
});
afterEach(async () => {
  await supervisor?.stopAll('asked');
  rmSync(folder, { recursive: true, force: true });
});

/** A supervisor behind whose walls `change` takes something away, and whose programs end at once. */
async function start(change: (spec: ZoneSpec) => ZoneSpec): Promise<Supervisor> {
  const [home, run, program] = ['home', 'run', 'program'].map((name) => join(folder, name));
  for (const path of ['home/keys', 'home/mail', 'home/chats', 'home/logs', 'home/templates', 'program'])
    mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(program ?? '', 'main.mjs'), 'process.exit(3);');
  prepareRun(run ?? '');
  cleanRun(run ?? '');
  const found = await findRuntime(process.execPath);
  mkdirSync(join(folder, 'library'));
  const node = await openLibrary(join(folder, 'library')).file(found.node);
  const instance = Math.floor(Math.random() * 0xffffffff)
    .toString(16)
    .padStart(8, '0');
  const real = createBubblewrapDriver({ instance, runtime: () => ({ ...found, node }) });
  const driver: ZoneDriver = {
    ...real,
    create: (spec) => {
      created.push(spec.name);
      return real.create(change(spec));
    },
    exec: (spec, limits) => real.exec(change(spec), limits),
  };
  return startSupervisor({
    driver,
    places: {
      home: home ?? '',
      run: run ?? '',
      folders: { maildir: join(home ?? '', 'mail'), chats: join(home ?? '', 'chats') },
      deployment: 'checkout',
      accounts: {},
      runOutsideHome: true,
      model: undefined,
      egress: undefined,
      configVariables: {},
    },
    zonesRecord: join(folder, 'zones.json'),
    logs: join(home ?? '', 'logs'),
    logBytesMax: 1 << 20,
    limits: DEFAULT_LIMITS,
    findProgram: () => Promise.resolve(program ?? ''),
    socketPath: join(run ?? '', 'supervisor', 'supervisor.sock'),
    instance,
    epoch: 1,
    firstStart: true,
    isArmed: () => true,
    tell: () => undefined,
  });
}

describe('a start', () => {
  it('is refused, and nothing is started, where one attempt gets out of a wall', async () => {
    supervisor = await start((spec) => ({ ...spec, mounts: [...spec.mounts, HOST_FILE] }));
    await expect(supervisor.ready).rejects.toThrow(/^nothing was started: the wall of `[\w.-]+` is open: .*which mode/);
    expect(created).toEqual([]);
  });

  it('is refused where only the readers’ wall is open', async () => {
    supervisor = await start((spec) =>
      spec.name.startsWith('zone3-telegram') ? { ...spec, mounts: [...spec.mounts, HOST_FILE] } : spec,
    );
    await expect(supervisor.ready).rejects.toThrow(/^nothing was started: the wall of `zone3-telegram-reader/);
    expect(created).toEqual([]);
  });

  it('goes on behind walls that stand', async () => {
    supervisor = await start((spec) => spec);
    // The program in the executor's place ends at once: it was started.
    await expect(supervisor.ready).rejects.toThrow(/the executor/);
    expect(created).toContain('zone1-executor');
  });

  it('is refused where the attacks cannot be made: what cannot be told does not count as held', async () => {
    supervisor = await start((spec) => ({ ...spec, cwd: '/nowhere' }));
    await expect(supervisor.ready).rejects.toThrow(/^nothing was started: .*could not be proven/);
    expect(created).toEqual([]);
  });
});
