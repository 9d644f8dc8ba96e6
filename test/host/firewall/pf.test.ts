import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSpecialAddress } from '../../../src/egress/index.ts';
import { checkPf, pfAnchorLines, pfRuleset, type RunFirewall } from '../../../src/host/firewall/index.ts';
import { pfRules } from '../../../src/host/firewall/pf-text.ts';
import { judge, readPf, type Packet } from './pf-simulator.ts';
import { PLAN } from './plans.ts';

const RULES = readPf(pfRuleset(PLAN));
const ZONE = 61_005;
const PUBLIC4 = '93.184.10.10';
const PUBLIC6 = '2a00:1450:10::10';
const SERVER_PORTS = [443, 465, 993];
const packet = (change: Partial<Packet>): Packet => ({
  protocol: 'tcp',
  to: PUBLIC4,
  port: 443,
  user: ZONE,
  link: 'en0',
  ...change,
});
const isZone = (uid: number): boolean => PLAN.zoneUids.some(({ from, to }) => uid >= from && uid <= to);

const addresses = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.constantFrom(
    PUBLIC4,
    PUBLIC6,
    '169.254.169.254',
    '192.168.1.1',
    '9.9.9.9',
    '127.0.0.1',
    '::1',
    'fd00::1',
    '2620:fe::fe',
  ),
);
const packets = fc.record<Packet>({
  protocol: fc.constantFrom('tcp', 'udp', 'icmp', 'icmp6'),
  to: addresses,
  port: fc.oneof(fc.constantFrom(22, 53, 80, 443, 465, 993, 11_434), fc.nat(65_535)),
  user: fc.oneof(fc.integer({ min: 61_000, max: 61_025 }), fc.constantFrom(0, 501)),
  link: fc.constantFrom('lo0', 'en0'),
});
/** What an ordinary user can make a kernel send: TCP, UDP, and the ICMP requests of datagram sockets. */
const isSendable = ({ protocol, port, to }: Packet): boolean => {
  if (protocol === 'icmp') return [8, 13, 17].includes(port) && !to.includes(':');
  return protocol === 'icmp6' ? [128, 139].includes(port) && to.includes(':') : true;
};

describe('rules for pf (evaluated by a simulator of ours: no pf runs here)', () => {
  test('no packet that a zone can send passes, whatever it is', () => {
    fc.assert(
      fc.property(packets, (each) => {
        fc.pre(isZone(each.user) && isSendable(each));
        return judge(RULES, each) === 'block';
      }),
      { numRuns: 3_000 },
    );
  });

  test('what the egress process sends passes exactly when the model says so', () => {
    fc.assert(
      fc.property(packets, (each) => {
        fc.pre(isSendable(each));
        const sent = { ...each, user: PLAN.egressUid };
        const isAsked = PLAN.resolvers.includes(sent.to) && sent.port === 53;
        const isServer = sent.protocol === 'tcp' && SERVER_PORTS.includes(sent.port) && !isSpecialAddress(sent.to);
        const isIcmp = sent.protocol === 'icmp' || sent.protocol === 'icmp6';
        return judge(RULES, sent) === (!isIcmp && (isAsked || isServer) ? 'pass' : 'block');
      }),
      { numRuns: 3_000 },
    );
  });

  test('TCP and UDP of everybody else is not touched', () => {
    fc.assert(
      fc.property(packets, (each) => {
        fc.pre(each.protocol === 'tcp' || each.protocol === 'udp');
        return judge(RULES, { ...each, user: 501 }) === 'pass' && judge(RULES, { ...each, user: 0 }) === 'pass';
      }),
    );
  });

  test.each<[string, Partial<Packet>, 'pass' | 'block']>([
    ['https of a zone', {}, 'block'],
    ['https of a zone by IPv6', { to: PUBLIC6 }, 'block'],
    ['ssh of a zone', { port: 22 }, 'block'],
    ['DNS of a zone to a named resolver', { protocol: 'udp', to: '9.9.9.9', port: 53 }, 'block'],
    ['a ping', { protocol: 'icmp', port: 8 }, 'block'],
    ['a ping by IPv6', { protocol: 'icmp6', to: PUBLIC6, port: 128 }, 'block'],
    ['loopback of a zone', { to: '127.0.0.1', port: 11_434, link: 'lo0' }, 'block'],
    ['https of the egress process', { user: 61_009 }, 'pass'],
    ['https of the egress process by IPv6', { user: 61_009, to: PUBLIC6 }, 'pass'],
    ['https of the egress process to the metadata service', { user: 61_009, to: '169.254.169.254' }, 'block'],
    ['https of the egress process to unassigned IPv6', { user: 61_009, to: '8000::1' }, 'block'],
    ['http of the egress process', { user: 61_009, port: 80 }, 'block'],
    ['QUIC of the egress process', { user: 61_009, protocol: 'udp' }, 'block'],
    [
      'its question to the resolver of the home',
      { user: 61_009, protocol: 'udp', to: '192.168.1.1', port: 53 },
      'pass',
    ],
    ['its question to another resolver', { user: 61_009, protocol: 'udp', to: '8.8.8.8', port: 53 }, 'block'],
    ['the relay to its model', { user: 61_010, to: '127.0.0.1', port: 11_434, link: 'lo0' }, 'pass'],
    ['the relay to another port', { user: 61_010, to: '127.0.0.1', port: 22, link: 'lo0' }, 'block'],
    ['the relay to the outside', { user: 61_010 }, 'block'],
  ])('%s', (_what, change, verdict) => {
    expect(judge(RULES, packet(change))).toBe(verdict);
  });

  test('every rule is quick, and the last one of each user blocks', () => {
    expect(RULES.filter(({ quick }) => !quick)).toEqual([]);
    const last = RULES.slice(-1)[0];
    expect(last?.pass).toBe(false);
  });

  test('the simulator sees the mistakes of the first plan: a pass before the block, and a block before the pass', () => {
    const open = readPf(
      'pass out quick proto tcp from any to any\nblock out quick proto { tcp, udp } from any to any user 61005',
    );
    expect(judge(open, packet({}))).toBe('pass');
    const shut = readPf(
      'block out quick proto { tcp, udp } from any to any user 61009\npass out quick proto tcp from any to any port 443 user 61009',
    );
    expect(judge(shut, packet({ user: 61_009 }))).toBe('block');
    const loose = readPf('block out proto tcp from any to any user 61005\npass out proto tcp from any to any');
    expect(judge(loose, packet({}))).toBe('pass');
    expect(
      judge(
        readPf('block out quick proto { tcp, udp } from any to any user 61005'),
        packet({ protocol: 'icmp', port: 8 }),
      ),
    ).toBe('pass');
    expect(() => readPf('pass out quick proto tcp from any to any \\ # more')).toThrow(/unknown word/);
  });

  test('the text is this one', () => {
    expect(
      pfRuleset({ ...PLAN, resolvers: ['9.9.9.9'] })
        .split('\n')
        .slice(3),
    ).toEqual([
      'block drop out quick inet proto icmp all icmp-type 8',
      'block drop out quick inet proto icmp all icmp-type 13',
      'block drop out quick inet proto icmp all icmp-type 17',
      'block drop out quick inet6 proto icmp6 all icmp6-type 128',
      'block drop out quick inet6 proto icmp6 all icmp6-type 139',
      'block return out log quick proto tcp from any to any user 61001 >< 61009',
      'block return out log quick proto tcp from any to any user 61020',
      'block return out log quick proto udp from any to any user 61001 >< 61009',
      'block return out log quick proto udp from any to any user 61020',
      'pass out quick proto udp from any to <hardshell_resolvers> port 53 user 61009 keep state',
      'pass out quick proto tcp from any to <hardshell_resolvers> port 53 user 61009 keep state',
      'block return out log quick proto tcp from any to <hardshell_special> user 61009',
      'block return out log quick inet6 proto tcp from any to ! 2000::/3 user 61009',
      'block return out log quick proto udp from any to <hardshell_special> user 61009',
      'block return out log quick inet6 proto udp from any to ! 2000::/3 user 61009',
      'pass out quick proto tcp from any to any port 443 user 61009 keep state',
      'pass out quick proto tcp from any to any port 465 user 61009 keep state',
      'pass out quick proto tcp from any to any port 993 user 61009 keep state',
      'block return out log quick proto tcp from any to any user 61009',
      'block return out log quick proto udp from any to any user 61009',
      'pass out quick on lo0 proto tcp from any to 127.0.0.1 port 11434 user 61010 keep state',
      'block return out log quick proto tcp from any to any user 61010',
      'block return out log quick proto udp from any to any user 61010',
      '',
    ]);
    expect(pfAnchorLines('/etc/pf.anchors/hardshell')).toHaveLength(2);
  });
});

/** Rules as pf writes them back: names of services, `=`, flags, words of its own. */
function asShown(rules: readonly string[]): string {
  return rules
    .map((line) =>
      line
        .replace(/ port 443/, ' port = https')
        .replace(/ port (\d+)/, ' port = $1')
        .replace(/ user (\d+)(?! ><)/, ' user = $1')
        .replace(/icmp-type 8/, 'icmp-type echoreq')
        .replace('proto icmp6', 'proto ipv6-icmp')
        .replace(' keep state', ' flags S/SA keep state'),
    )
    .join('\n');
}

describe('the check of pf (against answers written by hand: no pf runs here)', () => {
  const rules = pfRules(PLAN);
  const answers = (change: Partial<Record<'info' | 'main' | 'anchor', string>>): RunFirewall => {
    const said = {
      info: 'Status: Enabled for 0 days 00:10:00           Debug: Urgent\n',
      main: 'scrub-anchor "com.apple/*" all fragment reassemble\nanchor "hardshell" all\nanchor "com.apple/*" all\n',
      anchor: asShown(rules),
      ...change,
    };
    return (_program, args) => {
      const stdout = args.includes('-a') ? said.anchor : args.includes('info') ? said.info : said.main;
      return Promise.resolve({ status: 0, stdout, stderr: '' });
    };
  };

  test('finds our rules in force where pf shows them in its own words', async () => {
    expect(await checkPf(PLAN, answers({}))).toEqual({ kind: 'in_force' });
  });

  test.each([
    ['pf is off', { info: 'Status: Disabled' }, 'missing'],
    ['nobody calls the anchor', { main: 'anchor "com.apple/*" all' }, 'missing'],
    ['the anchor is empty', { anchor: '' }, 'missing'],
    ['another anchor comes first', { main: 'anchor "com.apple/*" all\nanchor "hardshell" all' }, 'changed'],
    [
      'a quick rule comes first',
      { main: 'pass out quick all flags S/SA keep state\nanchor "hardshell" all' },
      'changed',
    ],
    ['a rule is missing', { anchor: asShown(rules.slice(0, -1)) }, 'changed'],
    [
      'a rule was added in front',
      { anchor: asShown(['pass out quick proto tcp from any to any user 61020', ...rules]) },
      'changed',
    ],
    ['a rule was added at the end', { anchor: asShown([...rules, 'pass out quick all']) }, 'changed'],
    ['a block became a pass', { anchor: asShown(rules).replace(/block return/, 'pass') }, 'changed'],
    ['a rule lost its quick', { anchor: asShown(rules).replace(/ quick proto udp/, ' proto udp') }, 'changed'],
    ['a user is another', { anchor: asShown(rules).replace('user = 61020', 'user = 61021') }, 'changed'],
  ])('notices that %s', async (_what, change, kind) => {
    expect((await checkPf(PLAN, answers(change))).kind).toBe(kind);
  });

  test('cannot tell without pfctl or without root', async () => {
    const says =
      (status: number | null): RunFirewall =>
      () =>
        Promise.resolve({ status, stdout: '', stderr: '' });
    expect((await checkPf(PLAN, says(null))).kind).toBe('cannot_tell');
    expect((await checkPf(PLAN, says(1))).kind).toBe('cannot_tell');
  });
});
