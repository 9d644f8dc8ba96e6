import { CapabilityClient, ZONE_BRIDGE_SOCKET } from '../../bridge/index.ts';
import { HardshellError } from '../../contracts/index.ts';
import {
  modelPlanner,
  ORIGINS,
  rulesPlanner,
  runSession,
  templatesFrom,
  type Origin,
} from '../../zone2-planner/index.ts';
import { readTemplates } from './read-templates.ts';

/** Where a zone finds its model; absent while none is configured. */
const MODEL_SOCKET = '/var/run/zone-bridge/model.sock';

/** One planner process for one session. Exits 0 when its work is done, 1 when Zone 1 is gone or refuses it. */
async function main(): Promise<void> {
  const say = (line: string): void => void process.stderr.write(`planner: ${line}\n`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0));
  const given = process.env['HARDSHELL_FD'];
  const client = new CapabilityClient({
    socketPath: process.env['HARDSHELL_BRIDGE_SOCKET'] ?? ZONE_BRIDGE_SOCKET,
    ...(given === undefined ? {} : { fd: Number(given) }),
  });
  const templates = templatesFrom(readTemplates(process.env['HARDSHELL_TEMPLATES'] ?? '/app/templates', say));
  try {
    await runSession({
      client,
      planner: modelPlanner({
        socketPath: process.env['HARDSHELL_MODEL_SOCKET'] ?? MODEL_SOCKET,
        expected: process.env['HARDSHELL_MODEL'] !== undefined,
        rules: rulesPlanner(templates),
        say,
      }),
      origin: originFrom(process.env['HARDSHELL_ORIGIN']),
      nowMs: () => Date.now(),
      say,
    });
  } catch (error) {
    // Only our own words: a foreign error may quote a message.
    say(error instanceof HardshellError ? `${error.code}: ${error.message}` : 'failed in a way that it does not know');
    // A session that Zone 1 has closed leaves nothing to do: that is no failure.
    process.exitCode = error instanceof HardshellError && error.code === 'not_found' ? 0 : 1;
  }
  await client.close();
}

function originFrom(text: string | undefined): Origin {
  return ORIGINS.find((origin) => origin === text) ?? 'unknown';
}

await main();
