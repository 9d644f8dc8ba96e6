import { setTimeout as sleep } from 'node:timers/promises';
import { SUPERVISOR_ANSWERS } from '../../contracts/index.ts';
import { identifyProcess, isRunning } from '../../isolation/index.ts';
import { askStatus, pathsOf, reachSupervisor, type CommandIo } from './supervisor-client.ts';

const DEADLINE_MS = 10_000;

/** `hardshell down`: stops a running instance, tidily. 0 also when none runs; 1 when it does not answer. */
export async function down(command: { readonly json: boolean }, io: CommandIo): Promise<number> {
  const client = await reachSupervisor(pathsOf(io.env));
  const say = (line: string, facts: object): void => io.out(command.json ? JSON.stringify(facts) : line);
  if (client === undefined) {
    say('nothing is running', { stopped: 0, running: false });
    return 0;
  }
  const status = await askStatus(client, 2_000);
  const supervisor = status === undefined ? undefined : identifyProcess(status.pid);
  try {
    const answer = SUPERVISOR_ANSWERS.stopped.parse(await client.request({ type: 'stop_all' }, DEADLINE_MS));
    const deadline = performance.now() + DEADLINE_MS;
    while (supervisor !== undefined && isRunning(supervisor) && performance.now() < deadline) await sleep(10);
    say(`stopped ${answer.zones} processes in ${answer.elapsed_ms} ms`, {
      stopped: answer.zones,
      running: false,
      elapsed_ms: answer.elapsed_ms,
    });
    return 0;
  } catch {
    io.err('hardshell: the supervisor does not answer; `hardshell kill` stops everything without it');
    return 1;
  } finally {
    client.destroy();
  }
}
