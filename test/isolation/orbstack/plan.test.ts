import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planMachines, planRemoval, printPlan, type GuestFile } from '../../../src/isolation/index.ts';
import { judgeAnswer } from '../../../src/isolation/orbstack/answers.ts';
import { orbEnvironment } from '../../../src/isolation/orbstack/command.ts';
import { GUEST_FIREWALL, MACHINES, machineOf } from '../../../src/isolation/orbstack/machines.ts';
import { NO_GUEST } from './support.ts';

const FILES: readonly GuestFile[] = [
  { path: '/mac/node', sha256: 'a'.repeat(64), target: 'node', executable: true },
  {
    path: '/mac/dist/reader/main.mjs',
    sha256: 'b'.repeat(64),
    target: 'programs/reader-1/main.mjs',
    executable: false,
  },
];
const steps = [...planMachines(FILES), ...planRemoval()];
const calls = steps.map(({ command }) => command.arguments);

describe('the plan for OrbStack', () => {
  it('is the one that was reviewed', () => {
    const golden = readFileSync(join(import.meta.dirname, 'plan.golden.txt'), 'utf8');
    expect(`${printPlan(steps).join('\n')}\n`).toBe(golden);
  });

  it('makes the four machines of the zones, each isolated from files, host and other machines', () => {
    const created = calls.filter(([verb]) => verb === 'create');
    expect(created.map((call) => call.at(-1))).toEqual([
      'zone2-planner',
      'zone3-email-reader',
      'zone3-telegram-reader',
      'zone3-slack-reader',
    ]);
    for (const call of created) expect(call.slice(1, 3)).toEqual(['--isolated', '--isolate-network']);
    expect(created[0]).toContain('4G');
    expect(created[0]?.slice(3, 5)).toEqual(['--cpus', '2']);
  });

  it('never touches a machine that is not ours: every call names one, and none says all or force-stops OrbStack', () => {
    const names = MACHINES.map(({ name }) => name as string);
    for (const call of calls) {
      expect(call).not.toContain('--all');
      expect(call.join(' ')).not.toMatch(/(?:^|\s)stop(?:\s+-|$)/);
      if (call[0] !== 'version') expect(call.filter((word) => names.includes(word))).toHaveLength(1);
    }
  });

  it('never shares a socket or a file of the Mac, uses no push, no `mac`, no shell, and takes no interface down', () => {
    for (const call of calls) {
      const line = call.join(' ');
      expect(line).not.toMatch(
        /\/mnt\/mac|\/Users|--mount|\bpush\b|\bmac\b(?!\/)|ip link|iptables|ifconfig|\bsh -c\b|bash/,
      );
      expect(['version', 'create', 'info', 'restart', 'stop', 'delete', '-m']).toContain(call[0]);
    }
  });

  it('asks for the version first and looks at isolation after the making and after the reboot', () => {
    expect(steps[0]?.expects.kind).toBe('version');
    for (const { name } of MACHINES) {
      const own = planMachines(FILES).filter(({ machine }) => machine === name);
      const kinds = own.map(({ command, expects }) => [command.arguments[0], expects.kind].join(' '));
      expect(kinds.slice(0, 2)).toEqual(['create success', 'info isolated']);
      expect(kinds.at(-1)).toBe('info isolated');
      expect(kinds.indexOf('restart success')).toBeLessThan(kinds.lastIndexOf('-m text'));
    }
  });

  it('fetches packages before the rules close the guest, and sends files before too', () => {
    const own = planMachines(FILES, MACHINES.slice(0, 1)).map(({ command }) => command.arguments.join(' '));
    const at = (word: string): number => own.findIndex((line) => line.includes(word));
    expect(at('apt-get install')).toBeLessThan(at('systemctl enable'));
    expect(at('/opt/hardshell/node')).toBeLessThan(at('systemctl enable'));
  });

  it('hands the guest no proxy, agent or secret of the caller', () => {
    const env = {
      HOME: '/Users/ann',
      HTTP_PROXY: 'x',
      https_proxy: 'x',
      ALL_PROXY: 'x',
      SSH_AUTH_SOCK: '/s',
      AWS_SECRET: 's',
      PATH: '/evil',
    };
    expect(orbEnvironment(env)).toEqual({
      HOME: '/Users/ann',
      PATH: '/usr/bin:/bin:/usr/sbin:/sbin',
      LANG: 'C',
    });
  });

  it('carries a zone by the name of its machine only', () => {
    expect(machineOf('zone3-email-reader.17')?.name).toBe('zone3-email-reader');
    expect(machineOf('zone2-planner')?.name).toBe('zone2-planner');
    for (const name of ['zone1-executor', 'zone3-email-reader-evil', 'zone2-plannerx', 'model', ''])
      expect(machineOf(name)).toBeUndefined();
  });
});

describe('an answer of OrbStack', () => {
  const version = { kind: 'version', min: [2, 2, 0] } as const;
  it.each([
    ['Version: 2.2.0 (2020000)\nCommit: x', true],
    ['Version: 2.10.0 (1)', true],
    ['Version: 3.0.1', true],
    ['Version: 2.1.9 (1)', false],
    ['Version: 1.11.3', false],
    ['OrbStack', false],
    ['', false],
  ])('tells whether the version %j is new enough', (answer, ok) => {
    expect(judgeAnswer(version, answer, null) === undefined).toBe(ok);
  });

  const info = (config: unknown, name = 'zone2-planner'): string => JSON.stringify({ name, state: 'running', config });
  const good = { isolated: true, isolate_network: true, forward_ssh_agent: false };
  it('is believed about isolation only when every switch is said and right', () => {
    const judge = (answer: string): string | undefined => judgeAnswer({ kind: 'isolated' }, answer, 'zone2-planner');
    expect(judge(info(good))).toBeUndefined();
    expect(judge(JSON.stringify({ record: JSON.parse(info(good)) as unknown }))).toBeUndefined();
    expect(judge(info({ ...good, isolated: false }))).toBe('it sees the files of this Mac');
    expect(judge(info({ ...good, isolate_network: false }))).toBe('it reaches this Mac and other machines');
    expect(judge(info({ ...good, forward_ssh_agent: true }))).toBe('it has the SSH agent of this Mac');
    expect(judge(info(good, 'another'))).toBe('it is another machine');
    for (const key of Object.keys(good)) {
      const { [key as keyof typeof good]: _, ...rest } = good;
      expect(judge(info(rest))).toBe('OrbStack does not say how the machine is isolated');
    }
    for (const answer of ['', 'Running', '[]', '{}', 'zone2-planner running'])
      expect(judge(answer)).toBe('OrbStack does not say how the machine is isolated');
  });

  it('about a digest is compared from its first digit', () => {
    const expects = { kind: 'digest', sha256: 'c'.repeat(64) } as const;
    expect(judgeAnswer(expects, `${'c'.repeat(64)} */opt/x\n`, null)).toBeUndefined();
    expect(judgeAnswer(expects, `${'d'.repeat(64)} */opt/${'c'.repeat(64)} \n`, null)).toMatch(/not what was sent/);
  });
});

describe.skipIf(NO_GUEST !== undefined)('the packet filter of a guest, loaded into a network namespace', () => {
  /** Sends one datagram to an address that an interface has a way to; the kernel says whether it may leave. */
  const sends = (rules: string, address: string): string => {
    const script = [
      'ip link set lo up; ip link add d0 type veth peer name d1; ip link set d1 up; ip addr add 192.0.2.1/24 dev d0; ip -6 addr add 2001:db8::1/64 dev d0 nodad; ip link set d0 up',
      rules === '' ? ':' : 'nft -f - <<< "$RULES"',
      `${process.execPath} -e '
        const s = require("dgram").createSocket(process.argv[1].includes(":") ? "udp6" : "udp4");
        s.send("x", 9, process.argv[1], (e) => { console.log(e ? e.code : "sent"); s.close(); });' ${address}`,
    ].join('\n');
    const ran = spawnSync('unshare', ['-n', 'bash', '-c', script], {
      encoding: 'utf8',
      env: { ...process.env, RULES: rules },
    });
    return ran.stdout.trim() || ran.stderr;
  };

  it.each([['192.0.2.9'], ['2001:db8::9']])('lets nothing out to %s, though it leaves without the rules', (address) => {
    expect(sends('', address)).toBe('sent');
    expect(sends(GUEST_FIREWALL, address)).toBe('EPERM');
  });

  it.each([['127.0.0.1'], ['::1']])('leaves loopback alone (%s)', (address) => {
    expect(sends(GUEST_FIREWALL, address)).toBe('sent');
  });
});
