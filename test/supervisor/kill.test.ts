import { chownSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { identifyProcess } from '../../src/isolation/index.ts';
import { readArmed } from '../../src/state/index.ts';
import { Instance, RUNNERS, until } from './support.ts';

/** Host pids of the programs inside: children of each sandbox's first process. */
function programsOf(instance: Instance): number[] {
  return instance
    .processes()
    .flatMap((pid) =>
      readdirSync(`/proc/${pid}/task`).flatMap((task) =>
        readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
      ),
    );
}

describe.each(RUNNERS)('kill, run by $who', ({ uid }) => {
  let instance: Instance;
  afterEach(() => instance.close());
  const open = async (executor?: string): Promise<{ supervisor: number; programs: number[] }> => {
    instance = new Instance(uid, executor === undefined ? {} : { executor });
    const { child, said } = await instance.up();
    expect(said()).toContain('Hardshell is ready');
    const client = await instance.client();
    await client.request({ type: 'spawn', profile: 'reader-email' });
    client.destroy();
    return { supervisor: child.pid ?? 0, programs: programsOf(instance) };
  };
  const expectStopped = async (all: readonly number[]): Promise<void> => {
    const { code, out } = await instance.command('kill', '--json');
    expect({ code, ...(JSON.parse(out) as object) }).toMatchObject({ code: 0, remaining: 0, recorded: true });
    expect(all.filter((pid) => identifyProcess(pid) !== undefined)).toEqual([]);
    expect(instance.processes()).toEqual([]);
    const refused = await instance.up();
    expect(refused.code).toBe(1);
    expect(refused.said()).toContain('hardshell revive');
  };

  it('stops everything, refuses `up` until a person revives, and is on the record', async () => {
    const { supervisor, programs } = await open();
    expect(programs.length).toBeGreaterThanOrEqual(3);
    const simulated = await instance.command('kill', '--simulate', '--json');
    expect(JSON.parse(simulated.out)).toMatchObject({
      simulated: true,
      levers: [
        { name: 'armed record', ok: true },
        { name: 'supervisor', ok: true },
        { name: 'cgroups' },
        { name: 'processes', ok: true },
      ],
    });
    expect(readArmed(instance.home, 1).kind === 'armed' || uid !== process.getuid?.()).toBe(true);
    expect(identifyProcess(supervisor)).toBeDefined();
    await expectStopped([supervisor, ...programs]);
    expect((await instance.command('revive', '--nobody')).err).toContain('nobody is here');
    expect((await instance.up()).code).toBe(1);
    expect((await instance.command('revive')).out).toBe('armed again (epoch 2); `hardshell up` starts it\n');
    expect((await instance.command('revive')).err).toContain('armed already (epoch 2)');
    expect((await instance.up()).said()).toContain('Hardshell is ready');
    expect(existsSync(join(instance.home, 'reserve'))).toBe(true);
    const lines = readFileSync(join(instance.home, 'audit', 'stop-audit.jsonl'), 'utf8')
      .trim()
      .split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { event: string; details: { epoch: number } }).event)).toEqual([
      'killed',
      'revived',
    ]);
  });

  it('stops an executor that hangs', async () => {
    const { supervisor, programs } = await open();
    for (const pid of programs) process.kill(pid, 'SIGSTOP');
    await expectStopped([supervisor, ...programs]);
  });

  it('stops a supervisor that hangs, and everything below it', async () => {
    const { supervisor, programs } = await open();
    process.kill(supervisor, 'SIGSTOP');
    await expectStopped([supervisor, ...programs]);
  });

  it('stops what hangs without the record of processes', async () => {
    const { supervisor, programs } = await open();
    process.kill(supervisor, 'SIGSTOP');
    for (const pid of programs) process.kill(pid, 'SIGSTOP');
    writeFileSync(instance.paths.zonesRecord, '{"v":1,"zones":"damaged');
    await instance.command('kill');
    expect(programs.filter((pid) => identifyProcess(pid) !== undefined)).toEqual([]);
    process.kill(supervisor, 'SIGCONT');
    await until(() => identifyProcess(supervisor) === undefined, 'the supervisor to see the void record');
  });

  it('stops where the supervisor is gone, and where nothing ever ran', async () => {
    const { supervisor, programs } = await open();
    process.kill(supervisor, 'SIGKILL');
    await expectStopped([supervisor, ...programs]);
  });

  it('makes nothing where there is no instance, so that a first start stays one', async () => {
    instance = new Instance(uid);
    expect(await instance.command('kill')).toMatchObject({
      code: 0,
      out: `there is no instance in \`${instance.home}\`\n`,
    });
    expect(await instance.command('revive')).toMatchObject({ code: 1 });
    expect(existsSync(instance.home)).toBe(false);
    expect((await instance.up()).said()).toContain('first start');
  });

  it('stops a storm of threads that ignores signals', async () => {
    const { supervisor, programs } = await open('storm');
    await expectStopped([supervisor, ...programs]);
  });

  it('stops though it cannot write it down', async () => {
    const { supervisor, programs } = await open();
    const log = join(instance.home, 'audit', 'stop-audit.jsonl');
    writeFileSync(log, 'not a line of ours\n');
    const { code, out } = await instance.command('kill');
    expect(code).toBe(0);
    expect(out).toContain('the stop could not be written to audit/stop-audit.jsonl');
    expect([supervisor, ...programs].filter((pid) => identifyProcess(pid) !== undefined)).toEqual([]);
  });

  it('is not undone by a record that is put back, alone or with its key', async () => {
    await open();
    const record = readFileSync(join(instance.home, 'armed'));
    const key = readFileSync(join(instance.home, 'keys', 'armed.key'));
    await instance.command('kill');
    writeFileSync(join(instance.home, 'armed'), record);
    expect((await instance.up()).said()).toContain('its armed record is no key');
    expect(existsSync(join(instance.home, 'keys', 'armed.key'))).toBe(false);
    const keyPath = join(instance.home, 'keys', 'armed.key');
    writeFileSync(keyPath, key, { mode: 0o400 });
    chownSync(keyPath, uid, uid);
    const refused = await instance.up();
    expect(refused.code).toBe(1);
    rmSync(join(instance.home, 'armed'));
    expect((await instance.up()).said()).toContain('its armed record is missing');
  });
});
