import { spawnSync } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Instance, until } from './instance.ts';

const isRoot = process.getuid?.() === 0;
/** Speaks one frame to the bridge and prints the answer. */
const ASK = `import json, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect('/var/run/zone-bridge/zone-bridge.sock')
s.sendall((sys.argv[1] + '\\n').encode()); print(s.makefile().readline().strip())
`;

describe('any program in Zone 2', () => {
  const instance = new Instance();
  const folder = mkdtempSync(join(tmpdir(), 'hs-agent-'));
  const ask = join(folder, 'ask.py');
  const agent = (...command: string[]): ReturnType<Instance['run']> =>
    instance.run('run', '--read', ask, '--', ...command);
  const session = (workspace: string): string => {
    const hello = '{"type":"hello","v":1}';
    const ran = instance.run('run', '--workspace', workspace, '--read', ask, '--', 'python3', '/read/ask.py', hello);
    return String((JSON.parse(ran.out) as Record<string, unknown>)['session']);
  };

  beforeAll(async () => {
    chmodSync(folder, 0o755);
    writeFileSync(ask, ASK, { mode: 0o644 });
    await instance.up();
  });
  afterAll(async () => {
    await instance.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it('reaches the bridge and is Zone 2 there', () => {
    const ran = agent('python3', '/read/ask.py', '{"type":"ping"}');
    expect(JSON.parse(ran.out)).toEqual({ type: 'pong', zone: 'zone2-planner' });
  });

  it('passes on what it reads, says and ends with', () => {
    const ran = instance.runWith('typed', 'run', '--', 'sh', '-c', 'cat; echo loud >&2; exit 7');
    expect([ran.code, ran.out, ran.err]).toEqual([7, 'typed', 'loud\n']);
  });

  it('reaches no network, though the same program does outside', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).end('x')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.on('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const script = join(folder, 'net.py');
    writeFileSync(
      script,
      `import socket
def attempt(act):
  try: act(); return 'open'
  except OSError as error: return 'refused'
print(attempt(lambda: socket.create_connection(('127.0.0.1', ${port}), 2)), attempt(lambda: socket.getaddrinfo('example.org', 443)), attempt(lambda: socket.socket(40, socket.SOCK_STREAM)))
`,
    );
    try {
      const outside = await new Promise((resolve) => {
        void import('node:child_process').then(({ execFile }) =>
          execFile('python3', [script], (_error, stdout) => resolve(stdout.split(' ')[0])),
        );
      });
      expect(outside).toBe('open');
      const inside = instance.run('run', '--read', script, '--', 'python3', '/read/net.py');
      expect(inside.out.trim()).toBe('refused refused refused');
    } finally {
      server.close();
    }
  });

  it('has a loopback of its own, on which its programs meet', () => {
    const script = `import socket, threading
s = socket.create_server(('127.0.0.1', 0)); threading.Thread(target=lambda: s.accept()[0].sendall(b'hello')).start()
print(socket.create_connection(s.getsockname()).recv(9).decode())`;
    expect(agent('python3', '-c', script).out.trim()).toBe('hello');
  });

  it('finds the programs of this machine and none of its owner’s files', () => {
    const look = 'for f in "$@"; do test -e "$f" && echo "$f"; done; true';
    const files = ['/etc/shadow', '/root', '/home', '/etc/hostname', instance.home, folder, '/sys', '/boot'];
    expect(agent('sh', '-c', look, 'sh', '/usr/bin/env', '/etc/passwd', ...files).out.split('\n')).toEqual([
      '/usr/bin/env',
      '/etc/passwd',
      '',
    ]);
    expect(agent('cat', '/etc/passwd').out).toMatch(/^agent:x:\d+:\d+:agent:\/workspace:\/bin\/sh\n$/);
    const outside = spawnSync('sh', ['-c', look, 'sh', '/etc/hostname', folder], { encoding: 'utf8' });
    expect(outside.stdout).toBe(`/etc/hostname\n${folder}\n`);
  });

  it('writes in its workspace and nowhere else, and finds it again', () => {
    const attempt =
      'for d in / /usr/bin /etc /read /hardshell /var/run/zone-bridge /workspace /tmp; do touch $d/x 2>/dev/null && echo $d; done';
    expect(agent('sh', '-c', attempt).out).toBe('/workspace\n/tmp\n');
    expect(agent('sh', '-c', 'ls /workspace /tmp').out).toBe('/tmp:\n\n/workspace:\nx\n');
  });

  it('keeps one session a workspace, over runs, and another for another', () => {
    const first = session('one');
    expect(first).toMatch(/^s_[a-z2-7]{26}$/);
    expect(session('one')).toBe(first);
    expect(session('two')).not.toBe(first);
  });

  it('runs once in a workspace at a time, and is listed', async () => {
    const busy = session('busy');
    const first = instance.start('run', '--workspace', 'busy', '--', 'sh', '-c', 'echo up; sleep 60');
    await until(() => first.said().includes('up'), 20_000);
    expect(instance.run('zone', 'list').out).toContain(`zone2-planner.${busy}`);
    const second = instance.run('run', '--workspace', 'busy', '--', 'true');
    expect([second.code, second.err]).toEqual([1, expect.stringContaining('`busy` already; stop it, or name another')]);
    first.child.kill('SIGTERM');
    await first.ended;
    expect(first.said()).toContain('the program was stopped: it was asked to');
    expect(instance.run('run', '--workspace', 'busy', '--', 'true').code).toBe(0);
  });

  it('ends with the process that started it, whatever ends that', async () => {
    const held = instance.start(
      'run',
      '--workspace',
      'orphan',
      '--',
      'python3',
      '-c',
      'import time; print("up", flush=True); time.sleep(600)',
    );
    await until(() => held.said().includes('up'), 20_000);
    // The command line became the process that holds the zone: the only child of its starter.
    const holder = Number(spawnSync('pgrep', ['-P', String(held.child.pid)], { encoding: 'utf8' }).stdout.trim());
    const zone = spawnSync('pgrep', ['-P', String(holder)], { encoding: 'utf8' }).stdout.trim();
    expect([held.said(), holder]).toEqual(['up\n', expect.any(Number)]);
    expect(holder).toBeGreaterThan(1);
    expect(zone).toMatch(/^\d+$/);
    process.kill(holder, 'SIGKILL');
    await until(() => !existsSync(`/proc/${zone}`), 10_000);
    await until(() => instance.run('run', '--workspace', 'orphan', '--', 'true').code === 0, 10_000);
  });

  it('has a terminal of its own: Ctrl-C and job control work, and nothing can be typed into it', () => {
    const type = 'import fcntl; fcntl.ioctl(0, 0x5412, b"x")';
    const { drawn, code } = instance.onTerminal(
      [
        // Typed once the job is in front: between two jobs an interrupt may find nobody.
        ['$ ', "stty -echo; tty; sh -c 'echo up-$((1 + 1)); exec sleep 600'\n"],
        ['up-2', '\u0003'],
        ['$ ', `python3 -c '${type}'; sleep 600 & jobs; exit 5\n`],
      ],
      ...['run', '--workspace', 'terminal', '--', 'bash', '--norc'],
    );
    expect(drawn).toContain('/dev/console');
    expect(drawn).toContain('PermissionError');
    expect(drawn).toMatch(/\[1\]\+ {2}Running {17}sleep 600 &/);
    expect(code).toBe(5);
    // Outside, the same call on the same kind of terminal is a matter of the kernel's settings, not of a filter.
    expect(drawn).not.toContain('no job control');
  });

  it('is stopped when its workspace holds more than it may', () => {
    const settings = join(instance.home, 'hardshell.json');
    const before = readFileSync(settings, 'utf8');
    writeFileSync(settings, before.replace('zones: {', 'zones: { agentWorkspaceMiB: 16,'));
    try {
      const fill =
        'x = b"x" * (1 << 20)\nimport time\nwith open("/workspace/big", "wb") as f:\n  for i in range(64): f.write(x); f.flush()\ntime.sleep(600)';
      const ran = instance.run('run', '--workspace', 'full', '--', 'python3', '-c', fill);
      expect([ran.code, ran.err]).toEqual([137, expect.stringContaining('its workspace holds more than 16 MiB')]);
      expect(instance.run('run', '--workspace', 'slim', '--', 'sh', '-c', 'echo x > small; sleep 1').code).toBe(0);
    } finally {
      writeFileSync(settings, before);
    }
  });

  it.runIf(isRoot)('is ended when it takes more memory than it may', () => {
    // A limit of memory needs a group of the kernel, which root has.
    const eat = 'x = []\nwhile True: x.append(bytearray(64 << 20))';
    const ran = agent('python3', '-c', eat);
    expect([ran.code, ran.err]).toEqual([
      137,
      expect.stringContaining('more memory than `zones.agent.memoryMiB` allows'),
    ]);
  });

  it('runs the programs of an unpacked image instead of those of the machine', () => {
    const image = join(folder, 'image');
    mkdirSync(join(image, 'bin'), { recursive: true });
    const built = spawnSync('gcc', ['-static', '-x', 'c', '-', '-o', join(image, 'bin', 'hello')], {
      input: '#include <stdio.h>\nint main(void) { puts("from the image"); return 0; }\n',
    });
    expect(built.status).toBe(0);
    const ran = instance.run('run', '--root', 'image', '--image', image, '--', '/bin/hello');
    expect([ran.code, ran.out]).toEqual([0, 'from the image\n']);
    expect(instance.run('run', '--root', 'image', '--image', image, '--', '/bin/sh').code).not.toBe(0);
  });

  it('is shown neither the home nor what holds it', () => {
    for (const path of [instance.home, dirname(instance.home), '/proc', '/'])
      expect(instance.run('run', '--read', path, '--', 'true')).toMatchObject({
        code: 1,
        err: expect.stringMatching(/which no agent may see|of this machine/) as string,
      });
  });

  it.runIf(!isRoot)('starts nothing behind a weaker wall than its owner asks for, though the instance runs', () => {
    // Root has the strongest wall: nothing is weaker than that.
    const settings = join(instance.home, 'hardshell.json');
    const before = readFileSync(settings, 'utf8');
    writeFileSync(settings, before.replace('zones: {', 'zones: { minimumMode: "F",'));
    try {
      for (const command of [
        ['run', '--', 'true'],
        ['zone', 'exec', 'zone2-planner', '--', 'node', '-v'],
        ['scan', folder],
      ])
        expect(instance.run(...command)).toMatchObject({
          code: 1,
          err: expect.stringContaining('isolation here is mode U') as string,
        });
    } finally {
      writeFileSync(settings, before);
    }
  });

  it('says what is wrong with what it is told', () => {
    for (const [args, sentence] of [
      [['run'], 'name a program after `--`'],
      [['run', '--root', 'image', '--', 'x'], '`--image DIR` go together'],
      [['run', '--workspace', '../up', '--', 'x'], 'a workspace is named with'],
      [['run', '--root', 'all', '--', 'x'], '`--root` is `host-ro`'],
    ] as const) {
      expect(instance.run(...args)).toMatchObject({ code: 2, err: expect.stringContaining(sentence) as string });
    }
  });

  it('runs a Node script behind a wall like that of a running zone', () => {
    const exec = (zone: string, ...command: string[]): ReturnType<Instance['run']> =>
      instance.run('zone', 'exec', zone, '--', ...command);
    expect(exec('zone2-planner', 'node', '-p', 'process.version').out.trim()).toBe(process.version);
    const look = `const fs = require('fs'); console.log(fs.existsSync('/var/run/zone-bridge/zone-bridge.sock'), fs.existsSync('/etc/passwd'), require('child_process').spawnSync('/bin/sh').error.code)`;
    for (const zone of ['zone2-planner', 'zone3-email-reader'])
      expect(exec(zone, 'node', '-e', look).out.trim()).toBe('true false EPERM');
    expect(exec('zone1-executor', 'node', '-v').err).toContain('belongs to Zone 1');
    expect(exec('zone2-planner', 'bash').err).toContain('holds no program but Node');
    expect(exec('nobody', 'node', '-v').err).toContain('no zone `nobody` is running');
  });

  it('the example of the documentation asks, is approved, and its mail leaves', async () => {
    const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'agents.md'), 'utf8');
    const example = /```python\n([^]*?)```/.exec(page)?.[1] ?? '';
    const script = join(folder, 'agent.py');
    writeFileSync(script, example, { mode: 0o644 });
    const asking = instance.start('run', '--workspace', 'mailer', '--read', script, '--', 'python3', '/read/agent.py');
    const pending = (): { id: string; destination: string }[] =>
      (instance.run('approvals', 'list', '--json').json()['approvals'] as { id: string; destination: string }[]).filter(
        ({ destination }) => destination === 'ann@example.org',
      );
    await until(() => pending().length === 1, 30_000);
    expect(instance.outbox()).toEqual([]);
    expect(instance.run('approvals', 'approve', pending()[0]?.id ?? '', '--yes').code).toBe(0);
    await asking.ended;
    expect(asking.said()).toBe('approved\nTrue\n');
    await until(() => instance.outbox().length === 1, 30_000);
    const sent = readFileSync(join(instance.home, 'mail', 'out', 'new', instance.outbox()[0] ?? ''), 'utf8');
    expect(sent).toContain('Subject: Hello');
  });

  it('is stopped with everything else, a fork bomb too, and cannot be started after', async () => {
    const script = `import os, signal, time
for name in (signal.SIGTERM, signal.SIGHUP): signal.signal(name, signal.SIG_IGN)
print('up', flush=True)
while True:
  try: os.fork()
  except OSError: time.sleep(0.01)`;
    const bomb = instance.start('run', '--workspace', 'bomb', '--', 'python3', '-c', script);
    await until(() => bomb.said().includes('up'), 20_000);
    const killed = instance.run('kill');
    expect(killed.code).toBe(0);
    await bomb.ended;
    expect(bomb.said()).toContain('the program was stopped: hardshell was stopped');
    await until(() => instance.left().length === 0, 10_000);
    const after = instance.run('run', '--', 'true');
    expect([after.code, after.err]).toEqual([1, 'hardshell: hardshell is not running; start it with `hardshell up`\n']);
  });
});
