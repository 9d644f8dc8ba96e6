import { MOST_RESTRICTED } from '../../contracts/index.ts';
import { choosePool, MODEL_LIMITS, watchSockets, type Pool } from '../../models/index.ts';

/** The model gateway of Zone 1: one socket a planner session in, the supervisor's relay out. */
function main(): void {
  const env = process.env;
  const pool: Pool = {
    kind: 'local',
    socketPath: env['HARDSHELL_MODEL_RELAY'] ?? '/var/run/model-relay/relay.sock',
    basePath: env['HARDSHELL_MODEL_BASE_PATH'] ?? '/v1',
    model: env['HARDSHELL_MODEL_NAME'] ?? null,
  };
  const watching = watchSockets({
    root: env['HARDSHELL_MODEL_SOCKETS'] ?? '/var/run/model-bridges',
    // Nothing tells this process a session's label yet: every session is treated as the most restricted.
    pool: choosePool([pool], MOST_RESTRICTED),
    limits: MODEL_LIMITS,
    onEvent: (event) => void process.stderr.write(`model: ${event}\n`),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void watching.close().finally(() => process.exit(0)));
  }
}

main();
