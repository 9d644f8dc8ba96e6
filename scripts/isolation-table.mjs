// Runs the escape list behind every wall that this machine can build, and writes what was executed into
// `docs/isolation.md`. Run as root for mode F: `node scripts/run.cjs scripts/isolation-table.mjs`.
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import {
  claimsMarkdown,
  createBubblewrapDriver,
  executedMarkdown,
  findBubblewrap,
  findRuntime,
  findWall,
  judgeWall,
  openDockerDriver,
  openStage,
  proveWall,
} from '../src/isolation/index.ts';

const DOC = new URL('../docs/isolation.md', import.meta.url);
const MIB = 1024 * 1024;
const isRoot = process.getuid?.() === 0;
const spec = {
  name: 'escape-table',
  ...(isRoot ? { uid: 61_499, gid: 61_499 } : {}),
  env: { HOME: '/tmp' },
  cwd: '/tmp',
  proc: true,
  sockets: 'connect',
  watch: false,
  limits: { memoryBytesMax: 256 * MIB, tasksMax: 32, cpus: 1 },
  mounts: [{ kind: 'tmp', to: '/tmp', bytesMax: 16 * MIB }],
  program: { kind: 'node', arguments: [] },
  profile: 'builtin',
  network: 'none',
};
const links = ['bin', 'lib', 'lib64', 'sbin'].map((name) => ({ kind: 'link', target: `usr/${name}`, to: `/${name}` }));
const agent = {
  ...spec,
  profile: 'agent',
  sharedMemoryBytesMax: 16 * MIB,
  mounts: [...spec.mounts, { kind: 'read', from: '/usr', to: '/usr' }, ...links],
};

/** One column a driver and profile. `open` undefined: written for, and not run. */
const columns = [
  { title: 'bubblewrap, ours', spec, open: openBubblewrap },
  { title: 'bubblewrap, agent', spec: agent, open: openBubblewrap },
  { title: 'docker', spec, open: isRoot ? openDocker : undefined },
];

async function openBubblewrap() {
  const found = await findWall(findBubblewrap() ?? '');
  if (!found.ok) throw new Error(`${found.reason}; ${found.remedy}`);
  // The probe needs no Node: a small program stands for it.
  const runtime = () => ({ node: '/bin/true', libraries: [] });
  return createBubblewrapDriver({ instance: randomBytes(4).toString('hex'), runtime, wall: found.wall });
}

/** An engine of this script's own, which ends with the driver. */
async function openDocker() {
  const { startEngine } = await import('../test/isolation/docker/support.ts');
  const engine = await startEngine();
  const runtime = await findRuntime(process.execPath);
  const instance = randomBytes(4).toString('hex');
  const driver = await openDockerDriver({ instance, runtime, socketPath: engine.socketPath, tell: console.log });
  const destroy = async () => {
    await driver.destroy();
    await engine.close();
  };
  return new Proxy(driver, {
    get: (target, name) => {
      const value = name === 'destroy' ? destroy : target[name];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

// Not below `/tmp`, which is a zone's own.
const stage = await openStage({ parent: '/var/tmp' });
const proven = [];
const modes = new Map();
try {
  for (const column of columns) {
    if (column.open === undefined) {
      proven.push({ title: column.title, proof: undefined });
      continue;
    }
    const driver = await column.open();
    try {
      modes.set(driver.kind, driver.mode);
      const proof = await proveWall({ driver, stage, spec: column.spec, scope: 'full' });
      const verdict = judgeWall(proof);
      console.log(`${column.title}: ${verdict.kind}`);
      for (const line of verdict.kind === 'refused' ? verdict.reasons : verdict.degraded) console.log(`  ${line}`);
      if (verdict.kind === 'refused') process.exitCode = 1;
      proven.push({ title: column.title, proof });
    } finally {
      await driver.destroy();
    }
  }
} finally {
  await stage.close();
}
const behind = [...modes].map(([kind, mode]) => `${kind} in mode ${mode}`).join(', ');
const how = `Executed ${new Date().toISOString().slice(0, 10)} on Linux ${release()} (${process.arch}), ${behind}.`;
put('executed', `${how}\n\n${executedMarkdown(proven)}`);
put('claims', claimsMarkdown());

function put(name, text) {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const doc = readFileSync(DOC, 'utf8');
  const [from, to] = [doc.indexOf(begin), doc.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/isolation.md has no markers \`${name}\``);
  writeFileSync(DOC, `${doc.slice(0, from + begin.length)}\n${text}\n${doc.slice(to)}`);
}
