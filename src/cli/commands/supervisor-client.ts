import { connectFrames, type RequestClient } from '../../bridge/index.ts';
import { SUPERVISOR_ANSWERS } from '../../contracts/index.ts';
import { findDeployment, findHome, instancePaths, type InstancePaths } from '../../state/index.ts';
import type * as z from 'zod';

/** Where a command prints, and what surrounds it. */
export interface CommandIo {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type SupervisorStatus = z.infer<typeof SUPERVISOR_ANSWERS.status>;

export function pathsOf(env: CommandIo['env']): InstancePaths {
  const home = findHome(env);
  return instancePaths(home, process.getuid?.() ?? 0, findDeployment(env, home));
}

/** The running supervisor, or undefined when nobody answers. */
export async function reachSupervisor(paths: InstancePaths): Promise<RequestClient | undefined> {
  try {
    return await connectFrames({ target: { path: paths.supervisorSocket } });
  } catch {
    return undefined;
  }
}

export async function askStatus(client: RequestClient, timeoutMs: number): Promise<SupervisorStatus | undefined> {
  try {
    const answer = SUPERVISOR_ANSWERS.status.safeParse(await client.request({ type: 'status' }, timeoutMs));
    return answer.success ? answer.data : undefined;
  } catch {
    return undefined;
  }
}
