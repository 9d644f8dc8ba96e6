// Stands in for OrbStack's `orb` where there is no Mac. It knows the calls that the driver may make and no other: a call
// that is not one of them, or comes with more of the caller's environment than it should, is written down and refused.
// Its guests are this machine, each with a /opt/hardshell of its own.
import { spawnSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const state = process.env.HOME;
const list = process.argv.slice(2);
const machinesFile = join(state, 'machines.json');
const machines = existsSync(machinesFile) ? JSON.parse(readFileSync(machinesFile, 'utf8')) : {};
const knobs = existsSync(join(state, 'knobs.json')) ? JSON.parse(readFileSync(join(state, 'knobs.json'), 'utf8')) : {};
const save = () => writeFileSync(machinesFile, JSON.stringify(machines));
appendFileSync(join(state, 'calls.jsonl'), `${JSON.stringify(list)}\n`);

const NAMES = ['zone2-planner', 'zone3-email-reader', 'zone3-telegram-reader', 'zone3-slack-reader'];
const PASSED = ['HOME', 'USER', 'LOGNAME', 'TMPDIR', 'PATH', 'LANG'];
const extra = Object.keys(process.env).filter((name) => !PASSED.includes(name));
if (extra.length > 0) refuse(`environment of the caller: ${extra.join(', ')}`);

function refuse(why) {
  appendFileSync(join(state, 'refused.jsonl'), `${JSON.stringify({ why, list })}\n`);
  process.stderr.write(`fake orb: ${why}: ${list.join(' ')}\n`);
  process.exit(64);
}

function known(name) {
  if (!NAMES.includes(name)) refuse('not a machine of ours');
  if (machines[name] === undefined) refuse('no such machine');
  return machines[name];
}

const [verb, ...rest] = list;
const shape = (...wanted) =>
  wanted.length === rest.length &&
  wanted.every((word, i) => word === null || (word instanceof RegExp ? word.test(rest[i]) : word === rest[i]));
if (verb === 'version' && rest.length === 0)
  process.stdout.write(`Version: ${knobs.version ?? '2.2.1'} (2020100)\nCommit: 0000\n`);
else if (verb === 'list' && shape('-f', 'json'))
  process.stdout.write(
    JSON.stringify([
      ...Object.entries(machines).map(([name, { state: now }]) => ({ name, state: now })),
      { name: 'somebody-elses', state: 'running' },
    ]),
  );
else if (verb === 'info' && shape(null, '-f', 'json')) info(rest[0]);
else if (verb === 'create') create();
else if (verb === 'restart' && rest.length === 1) {
  const machine = known(rest[0]);
  // What is not enabled for the next boot is gone after it.
  if (!machine.enabled) machine.loaded = false;
  save();
} else if (verb === 'start' && rest.length === 1) {
  known(rest[0]).state = 'running';
  save();
} else if (verb === 'stop' && rest.length === 1) {
  known(rest[0]).state = 'stopped';
  save();
} else if (verb === 'delete' && shape('--force', null)) {
  known(rest[1]);
  delete machines[rest[1]];
  save();
} else if (verb === '-m' && rest[1] === '-u' && rest[2] === 'root') guest(known(rest[0]), rest.slice(3));
else refuse('not a call of ours');

function create() {
  const flags = [
    '--isolated',
    '--isolate-network',
    '--cpus',
    /^[124]$/,
    '--memory',
    /^\dG$/,
    '--disk',
    /^\dG$/,
    /^debian:bookworm$/,
    new RegExp(`^(${NAMES.join('|')})$`),
  ];
  if (!shape(...flags)) refuse('made otherwise than it must be');
  const name = rest.at(-1);
  if (machines[name] !== undefined) refuse('there already');
  machines[name] = {
    state: 'running',
    packages: false,
    users: [],
    enabled: false,
    loaded: false,
    root: join(state, name),
  };
  mkdirSync(join(state, name), { recursive: true });
  chmodSync(join(state, name), 0o755);
  save();
}

function info(name) {
  known(name);
  const config = { isolated: true, isolate_network: true, forward_ssh_agent: false, ...knobs.config };
  for (const key of knobs.missing ?? []) delete config[key];
  process.stdout.write(JSON.stringify({ record: { id: '01', name, state: machines[name].state, config } }));
}

function guest(machine, command) {
  const line = command.join(' ');
  const inside = (path) => join(machine.root, path.slice('/opt/hardshell/'.length));
  if (machine.loaded && line.startsWith('apt-get')) refuse('no network any more');
  if (line === 'apt-get update') return;
  if (line === 'apt-get install -y --no-install-recommends bubblewrap nftables') machine.packages = true;
  else if (/^useradd --system --no-create-home --shell \/usr\/sbin\/nologin --uid 6100\d zone$/.test(line))
    machine.users.push('zone');
  else if (line === 'install -o root -g root -m 0600 /dev/stdin /etc/nftables.conf')
    machine.rules = readFileSync(0, 'utf8');
  else if (
    /^install -D -o root -g root -m 0[45][45][45] \/dev\/stdin \/opt\/hardshell\/[\w./-]+$/.test(line) &&
    !line.includes('..')
  ) {
    mkdirSync(dirname(inside(command.at(-1))), { recursive: true });
    const bytes = readFileSync(0);
    if (knobs.spoil !== undefined && line.includes(knobs.spoil)) bytes[0] ^= 1;
    rmSync(inside(command.at(-1)), { force: true });
    writeFileSync(inside(command.at(-1)), bytes, { mode: line.includes('0555') ? 0o555 : 0o444 });
  } else if (/^sha256sum --binary \/opt\/hardshell\/[\w./-]+$/.test(line)) {
    if (!existsSync(inside(command[2]))) process.exit(1);
    process.stdout.write(
      `${createHash('sha256')
        .update(readFileSync(inside(command[2])))
        .digest('hex')} *${command[2]}\n`,
    );
  } else if (line === 'nft -c -f /etc/nftables.conf') rulesOf(machine, ['-c']);
  else if (line === 'systemctl enable --now nftables.service') {
    machine.enabled = knobs.forgetful !== true;
    machine.loaded = true;
  } else if (line === 'nft list ruleset') {
    if (machine.loaded) process.stdout.write(rulesOf(machine, []));
  } else if (
    command[0] === '/opt/hardshell/node' &&
    command[1] === '/opt/hardshell/guest/main.mjs' &&
    /^(serve|probe|kill) [0-9a-f]{8}$/.test(command.slice(2).join(' '))
  )
    return serve(machine, command);
  else refuse('not a command of ours in a guest');
  save();
}

/** The rules, loaded for real into a network namespace that ends with the command. */
function rulesOf(machine, flags) {
  const file = join(machine.root, 'rules');
  writeFileSync(file, machine.rules);
  const script = flags.length > 0 ? 'nft -c -f "$0"' : 'nft -f "$0" && nft list ruleset';
  const { status, stdout, stderr } = spawnSync('unshare', ['-n', 'sh', '-c', script, file], { encoding: 'utf8' });
  if (status !== 0) {
    process.stderr.write(stderr);
    process.exit(1);
  }
  return stdout;
}

function serve(machine, command) {
  if (machine.state !== 'running') refuse('the machine is stopped');
  const script =
    'mount -t tmpfs -o mode=0755 none /opt && mkdir /opt/hardshell && mount --bind "$0" /opt/hardshell && exec "$@"';
  const child = spawn('unshare', ['-m', 'sh', '-c', script, machine.root, ...command], {
    stdio: 'inherit',
    env: { PATH: process.env.PATH },
  });
  writeFileSync(join(state, 'guest.pid'), String(child.pid));
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 1));
}
