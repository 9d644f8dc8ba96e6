import type { Zone } from '../driver.ts';
import { anything, createdAnswer, listAnswer, waitAnswer } from './answers.ts';
import { checkInspected } from './check.ts';
import { LABEL, takesInput } from './container.ts';
import type { Engine } from './engine.ts';
import { failed, refused } from './failures.ts';
import { joinTerminal, passInput } from './input.ts';
import { inspect, removeContainer, RunningContainer, type Starting } from './running.ts';
import { readFrames } from './streams.ts';

/** Creates, checks, starts and checks again. Nothing of the zone is left when this throws. */
export async function startZone(starting: Starting): Promise<Zone> {
  const { engine, spec } = starting;
  const startedAtMs = Date.now();
  const id = await createContainer(starting);
  try {
    checkInspected(spec.name, starting.asked, await inspect(engine, id));
    const streams = await engine.attach(id, { input: takesInput(spec) });
    // A terminal is one stream, and not framed.
    if (spec.ownTerminal === true) streams.on('data', (chunk: Buffer) => spec.onOutput?.('out', chunk));
    else readFrames(streams, (stream, chunk) => spec.onOutput?.(stream, chunk));
    const waiting = engine.ask(
      { method: 'POST', path: `/containers/${id}/wait?condition=next-exit`, timeoutMs: 0 },
      waitAnswer,
    );
    waiting.catch(() => undefined);
    await startContainer(starting, id);
    const container = new RunningContainer({ starting, id, waiting, streams });
    await container.check();
    const zone = container.zone(startedAtMs);
    const joined = { engine, id, streams };
    const leave =
      spec.ownTerminal === true ? joinTerminal(joined) : spec.passInput === true ? passInput(joined) : undefined;
    if (leave !== undefined) void zone.exited.then(leave);
    return zone;
  } catch (error) {
    await removeContainer(engine, id).catch(() => undefined);
    throw error;
  }
}

async function createContainer({ engine, spec, asked, instance }: Starting): Promise<string> {
  const name = `hardshell-${instance}-${spec.name}`;
  const answer = await engine.ask(
    { method: 'POST', path: `/containers/create?name=${encodeURIComponent(name)}`, json: asked },
    createdAnswer,
  );
  if (answer.kind === 'ok') return answer.value.Id;
  if (answer.status === 409)
    throw refused(
      `a container named \`${name}\` that is not this zone's is in the way; look at it, then remove or rename it`,
    );
  throw failed(`the Docker engine does not make a container for \`${spec.name}\`: ${answer.message}`);
}

async function startContainer({ engine, spec }: Starting, id: string): Promise<void> {
  const answer = await engine.ask({ method: 'POST', path: `/containers/${id}/start` }, anything);
  if (answer.kind === 'ok') return;
  const { program, name } = spec;
  if (program.kind === 'command' && /executable file not found|: stat .*no such file/.test(answer.message))
    throw refused(`the image holds no program \`${program.path.replace(/[^\x20-\x7e]+/g, '?')}\``);
  throw failed(`the Docker engine does not start \`${name}\`: ${answer.message} (${answer.status})`);
}

/**
 * What a crash left: containers that carry our label, and only those; of one zone and the probes in its place, where it
 * is named. Returns how many were removed.
 */
export async function removeLeftovers(engine: Engine, instance: string, zone?: string): Promise<number> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`${LABEL.instance}=${instance}`] }));
  const found = await engine.demand({ method: 'GET', path: `/containers/json?all=1&filters=${filters}` }, listAnswer);
  const ours = found.filter(({ Labels }) => {
    const name = Labels?.[LABEL.zone] ?? '';
    return (
      Labels?.[LABEL.instance] === instance && (zone === undefined || name === zone || name.startsWith(`${zone}.`))
    );
  });
  await Promise.all(ours.map(({ Id }) => removeContainer(engine, Id)));
  return ours.length;
}
