import { imageAnswer } from './answers.ts';
import { connectEngine, type Engine, type EngineAnswer } from './engine.ts';
import { failed, refused } from './failures.ts';
import type * as z from 'zod';

/** The image that a container is made of, and what the engine would add from it unless it is told otherwise. */
export interface ContainerImage {
  /** `sha256:…`: names its content, and cannot be moved to another. */
  readonly id: string;
  /** The engine gives them to the container, and there is no word to keep it from that. */
  readonly labels: Readonly<Record<string, string>>;
  /** Names of the variables that it sets. */
  readonly variables: readonly string[];
}

/** Names, tags, digests and ids as the engine writes them. */
const REFERENCE = /^[A-Za-z0-9](?:[A-Za-z0-9_:@-]|[./](?=[A-Za-z0-9_-])){0,254}$/;
const ID = /^sha256:[0-9a-f]{64}$/;
const ARCHITECTURE = { x64: 'amd64', arm64: 'arm64' } as const;

/**
 * The id of an image that the engine has already: nothing is pulled. Asked once, since a name may be another image's a
 * moment later. Throws a refusal where there is none.
 */
export async function resolveImage(socketPath: string, reference: string): Promise<string> {
  if (!REFERENCE.test(reference)) throw refused(`\`${printable(reference)}\` is no name or id of an image`);
  const answer = await show(connectEngine(socketPath), reference);
  if (answer.kind === 'refused' && answer.status !== 404)
    throw failed(`the Docker engine does not show the image \`${reference}\`: ${answer.message}`);
  if (answer.kind === 'refused')
    throw refused(
      `the Docker engine has no image \`${reference}\`, and Hardshell pulls none; give it one (\`docker pull\`, \`docker load\`, \`docker build\`), or look at \`docker images\``,
    );
  if (!ID.test(answer.value.Id)) throw failed(`the Docker engine knows \`${reference}\` by no digest`);
  return answer.value.Id;
}

/** What an image brings along. Throws where it is not there, or brings what no zone may have. */
export async function readImage(engine: Engine, id: string): Promise<ContainerImage> {
  const answer = ID.test(id) ? await show(engine, id) : undefined;
  if (answer?.kind !== 'ok') throw refused(`the Docker engine has no image of the id \`${printable(id)}\` any more`);
  const { Id, Os, Architecture, Config } = answer.value;
  if (Id !== id) throw failed('the Docker engine shows another image than it was asked for');
  const ours = process.arch === 'arm64' ? ARCHITECTURE.arm64 : ARCHITECTURE.x64;
  if (Os !== 'linux' || Architecture !== ours)
    throw refused(`the image is made for another machine; use one for linux and ${ours}`);
  const volumes = Object.keys(Config?.Volumes ?? {});
  if (volumes.length > 0)
    throw refused(
      `the image declares volumes (\`${printable(volumes[0] ?? '')}\`), which would be writable and outlive the program; build one without \`VOLUME\``,
    );
  return {
    id,
    labels: Config?.Labels ?? {},
    variables: (Config?.Env ?? []).map((line) => line.split('=', 1)[0] ?? ''),
  };
}

function show(engine: Engine, name: string): Promise<EngineAnswer<z.infer<typeof imageAnswer>>> {
  return engine.ask({ method: 'GET', path: `/images/${encodeURIComponent(name)}/json` }, imageAnswer);
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, '?').slice(0, 100);
}
