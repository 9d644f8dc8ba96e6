import { HardshellError, type ControlRequest } from '../../contracts/index.ts';
import { StepRefused, type ControlDesk } from './desk.ts';

type RequestOf<T extends ControlRequest['type']> = Extract<ControlRequest, { type: T }>;

/** Opens the session of a workspace for a program that the owner is about to start. */
export async function openAgent(desk: ControlDesk, { workspace }: RequestOf<'agent_open'>): Promise<object> {
  if (!desk.station.armed()) {
    throw new StepRefused({
      error: 'killed',
      message: 'everything is stopped; the owner has to revive it at the machine',
    });
  }
  try {
    const { session, agent } = await desk.agents.open(workspace);
    const { name, uid, socketDir, modelDir } = agent;
    return { type: 'agent_open', session, name, uid, socket_dir: socketDir, model_dir: modelDir };
  } catch (error) {
    if (error instanceof HardshellError && error.code === 'unavailable')
      throw new StepRefused({ error: 'unavailable', message: error.message });
    throw error;
  }
}

export async function holdAgent(
  desk: ControlDesk,
  { session }: RequestOf<'agent_hold'>,
  signal: AbortSignal,
): Promise<object> {
  const ended = await desk.agents.hold(session, signal);
  if (ended === undefined) throw new StepRefused({ error: 'not_found', message: 'no agent of that session is served' });
  return { type: 'agent_hold', ended };
}
