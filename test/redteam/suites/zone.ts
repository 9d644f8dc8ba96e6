import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { defineSuite, trial, type Attack, type Suite, type Trial } from '../attack.ts';
import { becomes, until } from '../lab/wait.ts';
import { brief } from '../lab/wire.ts';
import { withSession } from '../lab/zone.ts';
import { closePlannerLab, freshZone, letter, openPlannerLab, type PlannerLab } from './lab.ts';
import { leaks } from './leaks.ts';

interface Try {
  readonly order: string;
  readonly given?: object;
}

const BRIDGE = '/var/run/zone-bridge/zone-bridge.sock';
const OWN = 'the same code reads its own program and reaches its own socket';

/** Code of the attacker inside the real zone. The escape list (suite `escape`) goes deeper; these are what a program would try first. */
export const zone: Suite = defineSuite<PlannerLab>({
  name: 'zone',
  title: 'out of the zone, by code of the attacker inside it',
  open: openPlannerLab,
  before: freshZone,
  close: closePlannerLab,
  attacks: [
    tried('zon-01', 'connections to the internet, to a name server, to cloud metadata', 'no network at all', [
      { order: 'connect', given: { host: '1.1.1.1', port: 443 } },
      { order: 'connect', given: { host: '8.8.8.8', port: 53 } },
      { order: 'connect', given: { host: '169.254.169.254', port: 80 } },
      { order: 'connect', given: { host: '2606:4700:4700::1111', port: 443 } },
    ]),
    localhost(),
    tried('zon-03', 'names resolved (exfiltration by DNS)', 'nothing is resolved', [
      { order: 'resolve', given: { host: 'example.org' } },
      { order: 'resolve', given: { host: 'secret.evil.example' } },
    ]),
    tried(
      'zon-04',
      'secrets of the host and of the instance read',
      'not there, or refused',
      [
        '/etc/passwd',
        '/etc/shadow',
        '/root/.ssh/id_ed25519',
        '/proc/1/environ',
        '/proc/self/mem',
        '/var/lib/hardshell/state.db',
        '/var/lib/hardshell/keys/checkpoint.key',
        '/app/../etc/passwd',
        '/proc/self/root/etc/passwd',
        '/sys/fs/cgroup/cgroup.procs',
      ].map((path) => ({ order: 'read', given: { path } })),
    ),
    tried(
      'zon-05',
      'directories listed above what is its own',
      'not there, or refused',
      ['/', '/home', '/root', '/tmp/..', '/var/lib', '/run', '/proc', '/dev'].map((path) => ({
        order: 'list',
        given: { path },
      })),
    ),
    tried(
      'zon-06',
      'its own program, its bridge and the system written to',
      'refused',
      ['/app/main.mjs', '/app/new.mjs', '/probe/main.mjs', `${BRIDGE}.new`, '/etc/x', '/usr/bin/x', '/tmp/x'].map(
        (path) => ({ order: 'write', given: { path } }),
      ),
    ),
    tried('zon-07', 'programs started: a shell, Node itself', 'nothing starts', [
      { order: 'spawn', given: { command: '/bin/sh', args: ['-c', 'id'] } },
      { order: 'spawn', given: { command: 'node', args: ['-e', '1'] } },
      { order: 'spawn', given: { command: '/proc/self/exe', args: ['-v'] } },
      { order: 'spawn', given: { command: '/usr/bin/env' } },
    ]),
    tried('zon-08', 'code made from text (`new Function`), threads, native code', 'refused', [
      { order: 'code' },
      { order: 'worker', given: { source: "require('node:worker_threads').parentPort.postMessage(1)" } },
      { order: 'native', given: { path: '/usr/lib/x86_64-linux-gnu/libc.so.6' } },
    ]),
    tried(
      'zon-09',
      'sockets of others: control, supervisor, connector, executor’s folder',
      'not there',
      [
        '/var/run/control/control.sock',
        '/var/lib/hardshell/run/control/control.sock',
        '/var/lib/hardshell/run/supervisor/supervisor.sock',
        '/run/docker.sock',
        '/var/run/dbus/system_bus_socket',
        '/var/run/zone-bridge/../control/control.sock',
      ].map((path) => ({ order: 'connect', given: { path } })),
    ),
    environment(),
    signals(),
    memory(),
    ...leaks,
  ],
});

/** Everything in the list must fail. */
function tried(id: string, title: string, expect: string, tries: readonly Try[]): Attack<PlannerLab> {
  return {
    id,
    attacker: 'zone',
    title,
    expect,
    attack: async (lab) => {
      const worked: string[] = [];
      const errors = new Set<string>();
      for (const { order, given } of tries) {
        const result = await lab.zone.inside(order, given);
        if (result.ok) worked.push(`${order} ${JSON.stringify(given ?? {})}`);
        else errors.add(result.error ?? '');
      }
      return trial(
        worked.length === 0,
        worked.length === 0 ? [...errors].join(', ').slice(0, 120) : `worked: ${worked.join('; ')}`,
      );
    },
    twin: OWN,
    allowed: own,
  };
}

async function own({ zone }: PlannerLab): Promise<Trial> {
  const program = await zone.inside('read', { path: '/app/main.mjs' });
  const bridge = await zone.inside('connect', { path: BRIDGE });
  return trial(
    program.ok && bridge.ok,
    `${program.ok ? 'read' : program.error}, ${bridge.ok ? 'connected' : bridge.error}`,
  );
}

function localhost(): Attack<PlannerLab> {
  return {
    id: 'zon-02',
    attacker: 'zone',
    title: 'a service on this machine’s loopback and other addresses',
    expect: 'not reached: the zone’s loopback is its own',
    attack: async ({ zone }) => {
      let reached = 0;
      const server = createServer(() => (reached += 1));
      await new Promise<void>((resolve) => server.listen(0, resolve));
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const hosts = [
        '127.0.0.1',
        '::1',
        'localhost',
        ...Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map((one) => one.address)),
      ];
      for (const host of new Set(hosts)) await zone.inside('connect', { host, port });
      const listed = await zone.inside('interfaces');
      server.close();
      return trial(
        reached === 0,
        `${reached} reached over ${new Set(hosts).size} addresses; it sees ${JSON.stringify(listed.value ?? listed.error)}`,
      );
    },
    twin: OWN,
    allowed: own,
  };
}

function environment(): Attack<PlannerLab> {
  return {
    id: 'zon-10',
    attacker: 'zone',
    title: 'secrets and places of the host in the environment',
    expect: 'only what the table sets',
    attack: async ({ instance, zone }) => {
      const { value } = await zone.inside('env');
      const env = value as Record<string, string>;
      const text = JSON.stringify(env);
      const foreign = Object.keys(env).filter(
        (name) =>
          !['HOME', 'NODE_ENV', 'PWD', 'PATH', 'HARDSHELL_ZONE', 'HARDSHELL_INSTANCE'].includes(name) &&
          !name.startsWith('HARDSHELL_'),
      );
      return trial(!text.includes(instance.base) && foreign.length === 0, Object.keys(env).join(', '));
    },
    twin: 'its home is its own `/tmp`',
    allowed: async ({ zone }) => {
      const env = (await zone.inside('env')).value as Record<string, string>;
      return trial(env['HOME'] === '/tmp', env['HOME'] ?? 'none');
    },
  };
}

function signals(): Attack<PlannerLab> {
  return {
    id: 'zon-11',
    attacker: 'zone',
    title: 'signals to the supervisor, the executor, other zones and this program',
    expect: 'none of them is in sight; all run on',
    attack: async ({ instance, zone }) => {
      const pids = [
        instance.supervisorPid,
        ...instance.pidsOf('zone1-executor'),
        ...instance.pidsOf('connector-maildir'),
        process.pid,
      ];
      for (const pid of pids) await zone.inside('signal', { pid });
      const alive = pids.filter((pid) => process.kill(pid, 0)).length;
      return trial(alive === pids.length, `${alive} of ${pids.length} run on`);
    },
    twin: OWN,
    allowed: own,
  };
}

function memory(): Attack<PlannerLab> {
  return {
    id: 'zon-12',
    attacker: 'zone',
    title: 'three times the memory taken that a zone may have',
    expect: 'the zone ends; executor and other zones run on (where no limit can be set, the instance says so)',
    attack: ({ instance }) =>
      withSession(instance, async (greedy) => {
        const { limits_held: held, degraded } = await instance.supervisorStatus();
        const before = instance.pidsOf(greedy.name);
        const put = await greedy.ask({ type: 'task_put', priority: 9, data: { order: 'memory' } });
        const ended = await becomes(() => !instance.pidsOf(greedy.name).some((pid) => before.includes(pid)), 20_000);
        if (!ended && !held.includes('memory') && degraded.length > 0) {
          console.warn(`NOT HELD IN THIS MODE, and said so by the instance: ${degraded.join('; ')}`);
          return trial(true, 'no limit on memory can be set here; the instance says so');
        }
        const again = await until(
          'the session again',
          async () => ((await greedy.ask({ type: 'ping' }))['type'] === 'pong' ? true : undefined),
          40_000,
        );
        await greedy.ask({ type: 'task_delete', task: put['task'] });
        return trial(ended && again, ended ? 'ended, and its session was served again' : 'it grew on');
      }),
    twin: 'a mail is asked for meanwhile by another zone',
    allowed: ({ zone }) =>
      zone.sendEmail(letter()).then((answer) => trial(answer['decision'] === 'pending_approval', brief(answer))),
  };
}
