// Performs one act and kills itself with SIGKILL before or after durable step number STEP.
import { nodeFiles, openMaildir, payloadDigest, cutPayload, type OutboxFiles } from '../../src/connectors/index.ts';

const [path = '', step = '0', when = 'before', payloadText = ''] = process.argv.slice(2);
const payload = Buffer.from(payloadText, 'base64');
let done = 0;

function guarded<A extends readonly unknown[]>(work: (...args: A) => Promise<void>): (...args: A) => Promise<void> {
  return async (...args) => {
    done += 1;
    const mine = done === Number(step);
    if (mine && when === 'before') process.kill(process.pid, 'SIGKILL');
    await work(...args);
    if (mine) process.kill(process.pid, 'SIGKILL');
  };
}

const provider = await openMaildir({ path });
const files: OutboxFiles = {
  ...nodeFiles,
  writeNew: guarded(nodeFiles.writeNew),
  publish: guarded(nodeFiles.publish),
  syncFolder: guarded(nodeFiles.syncFolder),
  remove: guarded(nodeFiles.remove),
};
const acting = await openMaildir({ path, files });
const cut = cutPayload(payload);
if (cut === null) throw new Error('no payload');
const outcome = await acting.perform({ jti: 'g_crash', wh: payloadDigest(payload), ...cut });
provider.close();
acting.close();
process.stdout.write(JSON.stringify(outcome));
process.exit(0);
