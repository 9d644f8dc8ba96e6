// Starts the packed egress process behind its wall on our side of the cable: `walled-main.ts DIRECTORY NODE`.
import { join } from 'node:path';
import { createBubblewrapDriver, closeInheritedDescriptors, findRuntime } from '../../../src/isolation/index.ts';

closeInheritedDescriptors();
const [root = '', node = '', program = '', uid = ''] = process.argv.slice(2);
const found = await findRuntime(process.execPath);
const driver = createBubblewrapDriver({ instance: 'e9e9e9e9', runtime: () => ({ ...found, node }) });
const ids = uid === '' ? {} : { uid: Number(uid), gid: Number(uid) };
const MIB = 1_048_576;
const zone = await driver.create({
  name: 'egress',
  ...ids,
  mounts: [
    { kind: 'tmp', to: '/tmp', bytesMax: MIB },
    { kind: 'read', from: program, to: '/app' },
    { kind: 'read', from: join(root, 'l'), to: '/var/run/egress-lists' },
    { kind: 'write', from: join(root, 's'), to: '/var/run/egress-bridges' },
    { kind: 'write', from: join(root, 'ev'), to: '/var/run/egress-events' },
  ],
  env: { HOME: '/tmp', NODE_ENV: 'production' },
  cwd: '/app',
  program: {
    kind: 'node',
    arguments: ['--max-old-space-size=128', '--disallow-code-generation-from-strings', '/app/main.mjs'],
  },
  profile: 'builtin',
  network: 'host',
  proc: true,
  sockets: 'internet',
  watch: false,
  limits: { memoryBytesMax: 256 * MIB, tasksMax: 32, cpus: 1 },
  onOutput: (stream, chunk) => void (stream === 'out' ? process.stdout : process.stderr).write(chunk),
});
process.once('SIGTERM', () => void driver.destroy().finally(() => process.exit(0)));
console.log(`zone ${JSON.stringify(await zone.exited)}`);
await driver.destroy();
