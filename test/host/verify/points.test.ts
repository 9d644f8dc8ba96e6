import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VERIFY_POINTS, verifyInstance, type VerifyPorts, type ZoneProcess } from '../../../src/host/index.ts';
import { status as controlStatus } from '../../cli/support/answers.ts';
import { edit, writeLog } from '../../audit/support/logs.ts';
import { DEBIAN_LUKS } from '../machines/debian-luks.ts';
import { machineOf, merge, SUBJECT, without, type MachineData } from '../support.ts';
import { FIREWALL, levers, ports, PROCESS, proof, REACHED, run, STATUS, verdicts } from './bench.ts';

/** What an instance in order is told: the parts of the plan that come later are never counted as passed. */
const IN_ORDER = {
  'service-user': 'pass',
  'disk-encryption': 'pass',
  firewall: 'pass',
  'zone3-mute': 'pass',
  'zone2-mute': 'pass',
  secrets: 'not_yet',
  executor: 'pass',
  'kill-switch': 'not_yet',
  'audit-chain': 'pass',
  zones: 'pass',
};

type Change = Partial<VerifyPorts> | (() => Promise<Partial<VerifyPorts>>);
const on = (machine: MachineData): Partial<VerifyPorts> => ({ machine: machineOf(merge(DEBIAN_LUKS, machine)) });
const seen = (pid: number, change: Partial<ZoneProcess>): Partial<VerifyPorts> => ({
  inspectZone: (asked) => (asked === pid ? { ...PROCESS, ...change } : PROCESS),
});
const attacks = (zone: string, change: object): Partial<VerifyPorts> => ({
  proveZones: async () =>
    [proof('zone2-planner'), proof('zone3-email-reader')].map((found) =>
      found.zone === zone ? { ...found, ...change } : found,
    ),
});
const asked = (change: Parameters<typeof controlStatus>[0]): Partial<VerifyPorts> => ({
  askExecutor: async () => controlStatus({ epoch: 3, ...change }),
});
const lacking = (name: string): Partial<VerifyPorts> => ({
  askSupervisor: async () => ({ ...STATUS, zones: STATUS.zones.filter((zone) => zone.name !== name) }),
});

const rules = (state: Awaited<ReturnType<NonNullable<VerifyPorts['tryFirewall']>>>['state']): Partial<VerifyPorts> => ({
  tryFirewall: async () => ({ ...FIREWALL, state }),
});

const FALSE: readonly (readonly [point: string, when: string, change: Change])[] = [
  ['service-user', 'its user is in docker', on({ commands: { 'id -Gn ann': 'ann docker\n' } })],
  [
    'service-user',
    'sudo lets its user',
    on({ commands: { 'sudo -n -l': 'User ann may run the following commands on x:\n (ALL) ALL\n' } }),
  ],
  [
    'service-user',
    'it is root',
    {
      subject: { ...SUBJECT, user: { name: 'root', uid: 0, own: true } },
      ...on({ commands: { 'stat -L -c %a %u -- /home/ann/.hardshell': '700 0\n' } }),
    },
  ],
  [
    'service-user',
    'others can look into its home',
    on({ commands: { 'stat -L -c %a %u -- /home/ann/.hardshell': '711 1000\n' } }),
  ],
  ['service-user', 'the executor writes files for others', seen(11, { umask: '0022' })],
  [
    'disk-encryption',
    'the disk is plain',
    {
      machine: machineOf(
        merge(without(DEBIAN_LUKS, '/sys/dev/block/254:3'), { folders: { '/sys/dev/block/254:3/slaves': [] } }),
      ),
    },
  ],
  ['disk-encryption', 'nobody can tell', { machine: machineOf(without(DEBIAN_LUKS, '/sys/dev/block/254:3')) }],
  [
    'disk-encryption',
    'swap is plain',
    {
      machine: machineOf(
        merge(without(DEBIAN_LUKS, '/sys/class/block/dm-2'), { folders: { '/sys/class/block/dm-2/slaves': [] } }),
      ),
    },
  ],
  ['firewall', 'its rules are gone', rules({ kind: 'missing' })],
  ['firewall', 'its rules were changed', rules({ kind: 'changed', what: ['chain output'] })],
  ['firewall', 'its rules are shown to root alone', rules({ kind: 'cannot_tell', why: 'only root may look at them' })],
  [
    'firewall',
    'a datagram leaves as a zone',
    { tryFirewall: async () => ({ ...FIREWALL, attack: { zone: 'passed', twin: 'passed' } }) },
  ],
  [
    'firewall',
    'nothing at all may be sent',
    { tryFirewall: async () => ({ ...FIREWALL, attack: { zone: 'refused', twin: 'refused' } }) },
  ],
  ['firewall', 'it could not be attacked', { tryFirewall: async () => ({ ...FIREWALL, attack: null }) }],
  ['zone3-mute', 'a reader shares the network', seen(14, { shared: ['net'] })],
  ['zone3-mute', 'a reader has an interface', seen(14, { interfaces: ['lo', 'eth0'] })],
  ['zone3-mute', 'a reader has a route', seen(14, { routes: 1 })],
  ['zone3-mute', 'the network of a reader cannot be read', seen(14, { interfaces: null })],
  ['zone3-mute', 'a reader runs without its filter', seen(14, { seccomp: '0' })],
  ['zone3-mute', 'an attack in a reader succeeds', attacks('zone3-email-reader', { held: 39, open: ['tcp-connect'] })],
  ['zone3-mute', 'no attack was run in a reader', { proveZones: async () => [proof('zone2-planner')] }],
  ['zone3-mute', 'most attacks could not see anything', attacks('zone3-email-reader', { seen: 20 })],
  [
    'zone3-mute',
    'an attack in a reader gave no answer',
    attacks('zone3-email-reader', { held: 39, cannotTell: ['udp'] }),
  ],
  ['zone2-mute', 'the planner may gain privileges', seen(13, { noNewPrivs: '0' })],
  ['zone2-mute', 'the planner has capabilities', seen(13, { capEff: '0000000000200000' })],
  ['zone2-mute', 'an attack in the planner succeeds', attacks('zone2-planner', { open: ['dns'], held: 38 })],
  ['executor', 'it does not answer its owner', { askExecutor: async () => null }],
  ['executor', 'it takes itself for stopped', asked({ killed: true, ready: false })],
  ['executor', 'it is of another epoch than its supervisor', asked({ epoch: 2 })],
  ['executor', 'it sends nothing', asked({ ready: false, warnings: ['the log cannot be written'] })],
  ['executor', 'it does not answer its zones', { pingZone: async () => null }],
  ['executor', 'somebody else answers its zones', { pingZone: async () => 'zone2-planner.other' }],
  ['kill-switch', 'the armed record is void', { readArmed: () => ({ kind: 'killed', reason: 'voided' }) }],
  ['kill-switch', 'the armed record is from before a stop', { killedEpoch: () => 3 }],
  ['kill-switch', 'what runs was armed otherwise', { readArmed: () => ({ kind: 'armed', epoch: 4 }) }],
  [
    'kill-switch',
    'the supervisor does not answer a stop',
    { tryStop: async () => ({ levers: levers('supervisor'), reached: REACHED }) },
  ],
  [
    'kill-switch',
    'a stop would not reach the planner',
    { tryStop: async () => ({ levers: levers(), reached: REACHED.filter((pid) => pid !== 13) }) },
  ],
  [
    'audit-chain',
    'a line was changed',
    async () => {
      const { dir, path } = await writeLog(5);
      edit(path, (bytes) => bytes.fill('x', 20, 21));
      return { auditDir: dir };
    },
  ],
  ['audit-chain', 'the log is gone', { auditDir: join(import.meta.dirname, 'nowhere') }],
  ['audit-chain', 'its end was cut off', { recordedEntries: () => ({ least: 6, most: 6 }) }],
  ['audit-chain', 'an older database was put back', { recordedEntries: () => ({ least: 4, most: 4 }) }],
  ['audit-chain', 'nobody knows how long it is', { recordedEntries: () => null }],
  ['zones', 'the connector does not run', lacking('connector-maildir')],
  ['zones', 'the model does not run though it is wanted', { modelWanted: true }],
  ['zones', 'a zone is halted', seen(13, { state: 'T' })],
  ['zones', 'a zone has no program', { inspectZone: (pid) => (pid === 12 ? null : PROCESS) }],
];

describe('ten points', () => {
  it('pass where all is in order, but for what later parts bring', async () => {
    const result = await run(await ports());
    expect(verdicts(result)).toEqual(IN_ORDER);
    expect(result).toMatchObject({ passed: 8, exitCode: 3 });
    expect(result.points.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it.each(FALSE)('fail in %s alone when %s', async (point, _, change) => {
    const result = await run(await ports(typeof change === 'function' ? await change() : change));
    expect(verdicts(result)).toEqual({ ...IN_ORDER, [point]: 'fail' });
    const checks = result.points.find(({ id }) => id === point)?.checks ?? [];
    for (const check of checks.filter(({ verdict }) => verdict === 'fail')) expect(check.remedy).not.toBe('');
  });

  it('each fail in a test of its own, as far as they come with this part', () => {
    const tested = new Set(FALSE.map(([point]) => point));
    expect(VERIFY_POINTS.map(({ id }) => id).filter((id) => !tested.has(id))).toEqual(['secrets']);
  });

  it('say which part brings what is not there, and do not pass for it', async () => {
    const result = await run(await ports({ proveZones: async () => 'absent', tryFirewall: null }));
    expect(verdicts(result)).toEqual({
      ...IN_ORDER,
      firewall: 'not_yet',
      'zone3-mute': 'not_yet',
      'zone2-mute': 'not_yet',
    });
    expect(result.points.find(({ id }) => id === 'secrets')?.checks[0]?.found).toContain('part 3');
    expect(result.points.find(({ id }) => id === 'kill-switch')?.checks.at(-1)?.found).toContain('part 5');
  });

  it('do not pass for attacks that were left out', async () => {
    const result = await run(await ports({ proveZones: async () => 'left_out' }));
    expect(verdicts(result)).toEqual({ ...IN_ORDER, 'zone3-mute': 'not_yet', 'zone2-mute': 'not_yet' });
  });

  it('fail where nothing runs', async () => {
    const nobody = { askSupervisor: async () => null, askExecutor: async () => null, pingZone: async () => null };
    const result = await run(await ports({ ...nobody, tryStop: async () => ({ levers: levers(), reached: [] }) }));
    expect(verdicts(result)).toEqual({
      ...IN_ORDER,
      'service-user': 'fail',
      'zone3-mute': 'fail',
      'zone2-mute': 'fail',
      executor: 'fail',
      zones: 'fail',
    });
  });

  it('wait for a reader that is just being replaced, and not for ever', async () => {
    let asks = 0;
    const late = await run(
      await ports({
        askSupervisor: async () =>
          ++asks < 4 ? ((await lacking('zone3-email-reader.7').askSupervisor?.()) ?? null) : STATUS,
      }),
    );
    expect(verdicts(late)).toEqual(IN_ORDER);
    const never = await run(await ports(lacking('zone3-email-reader.7')));
    expect(verdicts(never)).toEqual({ ...IN_ORDER, 'zone3-mute': 'fail', zones: 'fail' });
  });

  it('look at the reader that came when the one they were told of has ended', async () => {
    let looks = 0;
    const late = await run(await ports({ inspectZone: (pid) => (pid === 14 && ++looks < 6 ? null : PROCESS) }));
    expect(verdicts(late)).toEqual(IN_ORDER);
    const never = await run(await ports({ inspectZone: (pid) => (pid === 14 ? null : PROCESS) }));
    expect(verdicts(never)).toEqual({ ...IN_ORDER, 'zone3-mute': 'fail' });
  });

  it('run the attacks once for both zones', async () => {
    let runs = 0;
    await run(
      await ports({ proveZones: async () => ((runs += 1), [proof('zone2-planner'), proof('zone3-email-reader')]) }),
    );
    expect(runs).toBe(1);
  });
});

describe('the exit code', () => {
  it('is 0 only when every point passes', async () => {
    const points = VERIFY_POINTS.filter(({ id }) => id !== 'secrets' && id !== 'kill-switch');
    expect(await verifyInstance({ points, ports: await ports() })).toMatchObject({ passed: 8, exitCode: 0 });
  });

  it('is 1 when a point could not be tested, and the others are tested all the same', async () => {
    const result = await run(await ports({ tryFirewall: () => Promise.reject(new Error('nft \u001b[2J')) }));
    expect(result.exitCode).toBe(1);
    expect(verdicts(result)).toEqual({ ...IN_ORDER, firewall: 'fail' });
    expect(result.points.find(({ id }) => id === 'firewall')).toMatchObject({
      ran: false,
      checks: [{ found: 'could not be tested: nft \\u{1b}[2J' }],
    });
  });

  it('is not that of a pass for a point that tested nothing', async () => {
    const empty = { id: 'empty', title: 'Empty', test: async () => [] };
    expect(await verifyInstance({ points: [empty], ports: await ports() })).toMatchObject({ passed: 0, exitCode: 3 });
  });
});

describe('the service user', () => {
  const installed = { askSupervisor: async () => ({ ...STATUS, deployment: 'installed' as const }) };
  const account = (shell: string, commands: MachineData['commands'] = {}): Partial<VerifyPorts> =>
    on({
      files: { '/etc/passwd': `root:x:0:0::/root:/bin/bash\nhardshell:x:60990:60990::/var/lib/hardshell:${shell}\n` },
      commands: {
        'id -Gn hardshell': 'hardshell\n',
        'sudo -n -l -U hardshell': 'User hardshell is not allowed to run sudo on x.\n',
        'stat -L -c %a %u -- /var/lib/hardshell': '700 60990\n',
        ...commands,
      },
    });
  const root = { subject: { ...SUBJECT, user: { name: 'root', uid: 0, own: true } } };

  it('is who is judged in an installation, whoever asks', async () => {
    const result = await run(await ports({ ...installed, ...root, ...account('/usr/sbin/nologin') }));
    expect(verdicts(result)['service-user']).toBe('pass');
  });

  it.each([
    ['it can log in', account('/bin/bash')],
    ['it is in a group that leads to root', account('/usr/sbin/nologin', { 'id -Gn hardshell': 'hardshell lxd\n' })],
    [
      'sudo lets it',
      account('/usr/sbin/nologin', {
        'sudo -n -l -U hardshell': 'User hardshell may run the following commands on x:\n (ALL) ALL',
      }),
    ],
    [
      'others can look into its home',
      account('/usr/sbin/nologin', { 'stat -L -c %a %u -- /var/lib/hardshell': '755 60990\n' }),
    ],
  ])('fails when %s', async (_, change) => {
    const result = await run(await ports({ ...installed, ...root, ...change }));
    expect(verdicts(result)).toEqual({ ...IN_ORDER, 'service-user': 'fail' });
  });

  it('is said to be missing in a checkout, where who runs it is judged', async () => {
    const result = await run(await ports());
    expect(result.points[0]?.checks[0]?.found).toContain('there is no service user here: judged for `ann` (uid 1000)');
  });
});
