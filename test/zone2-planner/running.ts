import { afterEach, beforeEach, expect } from 'vitest';
import { CapabilityClient } from '../../src/bridge/index.ts';
import { rulesPlanner, runSession, templatesFrom, type Origin, type Planner } from '../../src/zone2-planner/index.ts';
import { ScriptedZone1 } from './scripted-zone1.ts';

/** Zone 1 of the test that runs. */
export let zone1: ScriptedZone1;
/** Connections of the processes of this test, the newest last. */
let clients: CapabilityClient[];

/** Gives every test of the file a Zone 1 of its own, which must have seen nothing off the wire in the end. */
export function withScriptedZone1(): void {
  beforeEach(async () => {
    zone1 = await new ScriptedZone1().listen();
    clients = [];
  });
  afterEach(async () => {
    for (const client of clients) await client.close();
    await zone1.close();
    expect(zone1.faults.filter((fault) => /off the wire|bad parameters/.test(fault))).toEqual([]);
  });
}

/** Runs one session to its end, as a planner process does. */
export function session(origin: Origin, planner: Planner = rulesPlanner(templatesFrom(new Map()))): Promise<void> {
  const client = new CapabilityClient({ socketPath: zone1.socketPath, retryMs: 1_000 });
  clients.push(client);
  return runSession({ client, planner, origin, nowMs: () => Date.now(), pollMs: 100, say: () => undefined });
}

/** A process that dies: its connection goes and nothing of it comes after. */
export async function crash(running: Promise<void>): Promise<void> {
  await clients.pop()?.close();
  await running.catch(() => undefined);
}

/** Waits until `done`, 5 s at most. */
export async function until(done: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !done(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(done()).toBe(true);
}
