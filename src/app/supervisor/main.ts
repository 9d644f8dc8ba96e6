import { join } from 'node:path';
import { closeInheritedDescriptors } from '../../isolation/index.ts';
import { findDeployment, findHome } from '../../state/index.ts';
import { cleanRun } from '../../supervisor/index.ts';
import { describeReady } from './ready-block.ts';
import { explainFailure, setAside, up } from './up.ts';

// Before anything of ours is open: whatever else is open belongs to whoever started us.
closeInheritedDescriptors();

const startedAt = performance.now();
const json = process.argv.includes('--json');
const say = (sentence: string): void => {
  if (!json) process.stdout.write(`${sentence}\n`);
};
// A closed terminal must not end the supervisor before it has ended the zones.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);
process.exitCode = await run();

async function run(): Promise<number> {
  try {
    const checkout = join(import.meta.dirname, '..', '..');
    const home = findHome(process.env);
    const deployment = findDeployment(process.env, home);
    const node = process.execPath;
    // Servers come with credentials, and there is nothing yet that holds any.
    const result = await up({ home, deployment, checkout, node, tell: say, egressClients: undefined });
    if (result.kind === 'running') {
      if (json) process.stdout.write(`${JSON.stringify({ running: true, pid: result.pid ?? null })}\n`);
      say(
        `Hardshell runs already${result.pid === undefined ? ' or is just starting' : ` (process ${result.pid})`}; \`hardshell down\` stops it`,
      );
      return 0;
    }
    const { supervisor, lock } = result;
    let asked = false;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (!asked) say('stopping');
        asked = true;
        void supervisor.stopAll('asked');
      });
    }
    try {
      await Promise.race([supervisor.ready, supervisor.ended]);
    } catch (error) {
      await supervisor.stopAll('start_failed');
      await supervisor.ended;
      lock.release();
      if (result.home.firstStart) setAside(result.paths.home, say);
      throw error;
    }
    if (json) process.stdout.write(`${JSON.stringify({ ready: true, home: result.paths.home, pid: process.pid })}\n`);
    if (!asked) describeReady(result, performance.now() - startedAt).forEach(say);
    const reason = await supervisor.ended;
    // What is left are names of sockets: nothing listens on them any more.
    cleanRun(result.paths.run);
    lock.release();
    say(
      reason === 'record_void'
        ? 'stopped: the armed record is void; `hardshell revive` arms it again'
        : 'stopped; nothing is left running',
    );
    return reason === 'asked' ? 0 : 1;
  } catch (error) {
    process.stderr.write(`hardshell: ${explainFailure(error)}\n`);
    return 1;
  }
}
