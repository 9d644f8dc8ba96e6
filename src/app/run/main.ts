import { HardshellError } from '../../contracts/index.ts';
import { closeInheritedDescriptors } from '../../isolation/index.ts';
import { execInZone } from './exec-in-zone.ts';
import { parseOrder } from './order.ts';
import { runAgent } from './run-agent.ts';

// Before anything of ours is open: whatever else is open belongs to whoever started us.
closeInheritedDescriptors();

try {
  const order = parseOrder(process.argv[2]);
  process.exitCode = await (order.kind === 'agent' ? runAgent(order) : execInZone(order));
} catch (error) {
  const known = error instanceof HardshellError;
  process.stderr.write(`hardshell: ${known ? error.message : 'the program could not be started'}\n`);
  if (!known && error instanceof Error) process.stderr.write(`${error.stack ?? error.message}\n`);
  process.exitCode = 1;
}
// Standard input of a program that has ended would keep us waiting.
process.exit();
