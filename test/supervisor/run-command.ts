// One command of the command line, as its own process and user.
import { down } from '../../src/cli/commands/down.ts';
import { kill } from '../../src/cli/commands/kill.ts';
import { revive } from '../../src/cli/commands/revive.ts';
import { zoneList } from '../../src/cli/commands/zone.ts';

const [name, ...flags] = process.argv.slice(2);
const json = flags.includes('--json');
const io = {
  out: (line: string) => process.stdout.write(`${line}\n`),
  err: (line: string) => process.stderr.write(`${line}\n`),
  env: process.env,
};
const commands: Record<string, () => Promise<number>> = {
  down: () => down({ json }, io),
  zones: () => zoneList({ json }, io),
  kill: () => kill({ json, simulate: flags.includes('--simulate') }, io),
  revive: () =>
    revive(
      {
        json,
        provePresence: () =>
          Promise.resolve(
            flags.includes('--nobody') ? { ok: false, reason: 'nobody is here' } : { ok: true, method: 'terminal' },
          ),
      },
      io,
    ),
};
process.exitCode = (await commands[name ?? '']?.()) ?? 2;
