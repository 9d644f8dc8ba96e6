// Runs a program in the place of a connector that has a list, behind the wall that the table gives it:
// `walled-connector.ts RUN FOLDER PROGRAM`. RUN holds `egress-bridges/connector-chats`.
import { randomBytes } from 'node:crypto';
import type { EgressLists } from '../../src/contracts/index.ts';
import { createBubblewrapDriver, closeInheritedDescriptors, findRuntime } from '../../src/isolation/index.ts';
import { DEFAULT_LIMITS, zoneSpec } from '../../src/supervisor/index.ts';

closeInheritedDescriptors();
const [run = '', folder = '', program = '', probe = ''] = process.argv.slice(2);
const runtime = await findRuntime(process.execPath);
const driver = createBubblewrapDriver({ instance: randomBytes(4).toString('hex'), runtime: () => runtime });
const profile = 'connector-chats';
// No connector of this version has servers to reach: the first that has is treated as this one is here.
const clients = [{ client: profile, allow: [] }] as unknown as EgressLists['clients'];
const spec = zoneSpec(
  {
    ...{ profile, name: profile, session: null, ids: undefined, program, probe, limits: DEFAULT_LIMITS.connector },
    ...{ mode: driver.mode, firstStart: false, model: false },
  },
  {
    ...{ home: folder, run, runOutsideHome: true, folders: { maildir: folder, chats: folder } },
    ...{ deployment: 'checkout', accounts: {}, model: undefined, configVariables: {} },
    egress: { resolvers: [], clients },
  },
);
const zone = await driver.create({
  ...spec,
  onOutput: (stream, chunk) => void (stream === 'out' ? process.stdout : process.stderr).write(chunk),
});
process.once('SIGTERM', () => void driver.destroy().finally(() => process.exit(0)));
console.log(`zone ${JSON.stringify(await zone.exited)}`);
await driver.destroy();
