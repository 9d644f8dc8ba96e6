import { BASELINE_ITEMS, takeBaseline, type BaselineEntry } from '../../../src/host/index.ts';
import { machineOf, SUBJECT, type MachineData } from '../support.ts';

/** One case: a promise, what the machine says, and the answer. */
export type Case = readonly [promise: string, data: MachineData, verdict: BaselineEntry['verdict'], found: RegExp];

/** What one item says of a machine. */
export async function judge(id: string, data: MachineData, subject = SUBJECT): Promise<BaselineEntry> {
  const items = BASELINE_ITEMS.filter((item) => item.id === id);
  const [entry] = (await takeBaseline({ machine: machineOf(data), subject, items })).entries;
  if (entry === undefined) throw new Error(`no item \`${id}\``);
  return entry;
}
