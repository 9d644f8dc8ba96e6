import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Instance, until } from '../../e2e/instance.ts';
import { defineSuite, trial, type Attack, type Suite, type Trial } from '../attack.ts';

interface AgentLab {
  readonly instance: Instance;
  readonly folder: string;
  readonly server: Server;
}

/** Says one frame to the bridge for each argument and prints the answers, a line each. */
const ASK = `import json, os, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(os.environ['HARDSHELL_BRIDGE']); lines = s.makefile()
for frame in sys.argv[1:]: s.sendall((frame + '\\n').encode()); print(lines.readline().strip(), flush=True)
`;
const BOMB = `import os, time
print('up', flush=True)
while True:
  try: os.fork()
  except OSError: time.sleep(0.01)`;
const ASKED = JSON.stringify({
  type: 'capability_request',
  action: 'send_email',
  params: { to: ['ann@example.org'], subject: 'x', body: 'x' },
});

/** A program of the attacker's own, put into Zone 2 by `hardshell run` as an owner would put an agent. */
export const agents: Suite = defineSuite<AgentLab>({
  name: 'agents',
  title: 'a program of the attacker’s in Zone 2',
  open: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hs-rt-agent-'));
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, 'ask.py'), ASK);
    const server = createServer((socket) => socket.on('error', () => undefined).end('x')).listen(0, '127.0.0.1');
    const instance = new Instance();
    await instance.up();
    return { instance, folder, server };
  },
  close: async ({ instance, folder, server }) => {
    server.close();
    await instance.remove();
    rmSync(folder, { recursive: true, force: true });
  },
  attacks: attacks(),
});

const run = ({ instance }: AgentLab, ...args: string[]): ReturnType<Instance['run']> => instance.run('run', ...args);
const ask = (lab: AgentLab, workspace: string, ...frames: string[]): Record<string, unknown>[] =>
  run(lab, '--workspace', workspace, '--read', join(lab.folder, 'ask.py'), '--', 'python3', '/read/ask.py', ...frames)
    .out.split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const says = (answer: Record<string, unknown> | undefined, key: string, wanted: string): Trial =>
  trial(answer?.[key] === wanted, `${key} ${String(answer?.[key])}`);
const connect = ({ server }: AgentLab): string =>
  `import socket; socket.create_connection(('127.0.0.1', ${(server.address() as AddressInfo).port}), 3); print('open')`;

function attacks(): Attack<AgentLab>[] {
  return [
    {
      id: 'agt-01',
      attacker: 'planner',
      title: 'a connection to a live port of the host',
      expect: 'refused by the kernel',
      attack: async (lab) =>
        trial(!run(lab, '--', 'python3', '-c', connect(lab)).out.includes('open'), 'no connection'),
      twin: 'the same program outside',
      allowed: async (lab) => {
        const outside = spawn('python3', ['-c', connect(lab)], { stdio: ['ignore', 'pipe', 'ignore'] });
        return trial((await text(outside.stdout)).includes('open'), 'connected');
      },
    },
    {
      id: 'agt-02',
      attacker: 'planner',
      title: 'the folder of the home given with `--read`, to reach the socket on which an owner approves',
      expect: 'nothing is started',
      attack: async (lab) => {
        const ran = run(lab, '--read', dirname(lab.instance.home), '--', 'echo', 'ran');
        return trial(ran.code === 1 && ran.out === '', `exit ${String(ran.code)}`);
      },
      twin: 'a file of the owner’s given with `--read`',
      allowed: async (lab) =>
        trial(run(lab, '--read', join(lab.folder, 'ask.py'), '--', 'test', '-r', '/read/ask.py').code === 0, 'read'),
    },
    {
      id: 'agt-03',
      attacker: 'planner',
      title: 'a file planted outside its workspace, in every folder it sees',
      expect: 'every one refused',
      attack: async (lab) => {
        const plant =
          'for d in / /usr/bin /etc /read /hardshell/lib /var/run/zone-bridge; do touch $d/x && echo $d; done';
        return trial(run(lab, '--', 'sh', '-c', `${plant} 2>/dev/null`).out === '', 'none');
      },
      twin: 'a file in its workspace',
      allowed: async (lab) => trial(run(lab, '--', 'touch', '/workspace/x').code === 0, 'written'),
    },
    {
      id: 'agt-04',
      attacker: 'planner',
      title: 'a request of one workspace asked about from another',
      expect: '`not_found`, as if there were no such request',
      attack: async (lab) => {
        const [asked] = ask(lab, 'one', ASKED);
        const [answer] = ask(
          lab,
          'two',
          JSON.stringify({ type: 'approval_status', request_id: asked?.['request_id'] }),
        );
        return says(answer, 'error', 'not_found');
      },
      twin: 'the same question from the workspace that asked',
      allowed: async (lab) => {
        const [asked] = ask(lab, 'one', ASKED);
        const [answer] = ask(
          lab,
          'one',
          JSON.stringify({ type: 'approval_status', request_id: asked?.['request_id'] }),
        );
        return says(answer, 'status', 'pending');
      },
    },
    {
      id: 'agt-05',
      attacker: 'planner',
      title: 'words of the owner and of a reader said on its own bridge',
      expect: '`unknown_type`',
      attack: async (lab) => {
        const answers = ask(lab, 'one', '{"type":"approvals_list"}', '{"type":"ready","channel":"email"}');
        const refused = answers.filter((answer) => answer['error'] === 'unknown_type').length;
        return trial(refused === 2, `${refused} of 2 refused`);
      },
      twin: 'a `ping`',
      allowed: async (lab) => says(ask(lab, 'one', '{"type":"ping"}')[0], 'zone', 'zone2-planner'),
    },
    {
      id: 'agt-06',
      attacker: 'owner’s files',
      title: '`zone exec` asked for a shell in a built-in zone',
      expect: 'refused; and a script finds none',
      attack: async ({ instance }) => {
        const shell = instance.run('zone', 'exec', 'zone2-planner', '--', 'sh', '-c', 'echo ran');
        const script = 'console.log(require("child_process").spawnSync("/bin/sh").error?.code)';
        const inside = instance.run('zone', 'exec', 'zone2-planner', '--', 'node', '-e', script);
        return trial(shell.code === 1 && shell.out === '' && inside.out.includes('EPERM'), 'refused, EPERM');
      },
      twin: 'a Node script',
      allowed: async ({ instance }) =>
        trial(instance.run('zone', 'exec', 'zone2-planner', '--', 'node', '-p', '1').code === 0, 'ran'),
    },
    {
      id: 'agt-07',
      attacker: 'planner',
      title: 'a fork bomb that ignores every signal, when its starter is killed',
      expect: 'nothing of it is left',
      attack: (lab) => ended(lab, 'bomb', BOMB),
      twin: 'a quiet program ends the same way',
      allowed: (lab) => ended(lab, 'quiet', 'import time; print("up", flush=True); time.sleep(600)'),
    },
  ];
}

/** The workspace is free again once nothing of the program before runs with it. */
async function ended(lab: AgentLab, workspace: string, script: string): Promise<Trial> {
  const started = lab.instance.start('run', '--workspace', workspace, '--', 'python3', '-c', script);
  await until(() => started.said().includes('up'), 30_000);
  started.child.kill('SIGTERM');
  await started.ended;
  await until(() => run(lab, '--workspace', workspace, '--', 'true').code === 0, 20_000);
  return trial(true, 'gone, and the workspace is free');
}
