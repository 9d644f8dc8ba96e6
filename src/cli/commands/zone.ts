import { wrongUse } from '../failure.ts';
import { become } from './run.ts';
import { askStatus, pathsOf, reachSupervisor, type CommandIo } from './supervisor-client.ts';

/** `hardshell zone list`: every process, its session, socket and mode. 1 when nothing runs. */
export async function zoneList(command: { readonly json: boolean }, io: CommandIo): Promise<number> {
  const client = await reachSupervisor(pathsOf(io.env));
  const status = client === undefined ? undefined : await askStatus(client, 5_000);
  client?.destroy();
  if (status === undefined) {
    if (command.json) io.out('[]');
    io.err('hardshell: nothing is running; start it with `hardshell up`');
    return 1;
  }
  const zones = status.zones.map(({ name, session, socket, mode, running }) => ({
    name,
    session,
    socket,
    mode,
    running,
  }));
  if (command.json) {
    io.out(JSON.stringify(zones));
    return 0;
  }
  const width = Math.max(...zones.map(({ name }) => name.length));
  for (const { name, session, socket } of zones) {
    io.out([name.padEnd(width), `mode ${status.mode}`, session ?? '-', socket ?? '-'].join('  '));
  }
  return 0;
}

/** `hardshell zone exec NAME -- node …`: this process becomes the one that runs the script, and does not return. */
export function zoneExec(zone: string, command: readonly string[], io: CommandIo): number {
  if (command.length === 0)
    throw wrongUse('name a script after `--`, such as `hardshell zone exec zone2-planner -- node -v`');
  return become('run', JSON.stringify({ kind: 'exec', zone, command }), io);
}
