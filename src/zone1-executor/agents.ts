import { HardshellError, type SessionId } from '../contracts/index.ts';
import { sql, type Tx } from '../state/index.ts';
import type { Station } from './ports.ts';
import { findSession, openSession, type Session } from './sessions.ts';

/** Makes the places of an agent's zone and serves its socket. The program itself is started by the owner. */
export type ServeAgent = (session: Session) => Promise<ServedAgent>;

export interface ServedAgent {
  /** Name of the zone. */
  readonly name: string;
  /** Uid that reaches the socket; null: the owner's own. */
  readonly uid: number | null;
  readonly socketDir: string;
  readonly modelDir: string | null;
  /** Closes the socket and removes the places. */
  readonly end: () => Promise<void>;
}

interface Served {
  readonly agent: ServedAgent;
  /** How many `hold`s wait; the last one's end ends the service. */
  holds: number;
  readonly unclaimed: NodeJS.Timeout;
  readonly ended: PromiseWithResolvers<'session_closed' | 'stopped'>;
}

/** From `open` to the first `hold`: the program that opened it is about to hold it. */
const CLAIM_MS_MAX = 10_000;

/**
 * Foreign agents: one session a workspace, which outlives every program that runs in it. Label and ids stay, so what an
 * agent has read yesterday taints what it asks today.
 */
export class Agents {
  readonly #station: Station;
  readonly #serve: ServeAgent;
  readonly #served = new Map<SessionId, Served>();
  readonly #opening = new Set<string>();

  constructor(station: Station, serve: ServeAgent) {
    this.#station = station;
    this.#serve = serve;
  }

  /** Throws `unavailable` while a program runs in that workspace. */
  async open(workspace: string): Promise<{ readonly session: SessionId; readonly agent: ServedAgent }> {
    if (this.#opening.has(workspace)) throw taken(workspace);
    this.#opening.add(workspace);
    try {
      const session = await this.#station.ledger.commit((tx) => agentSession(this.#station, tx, workspace));
      if (this.#served.has(session.sid)) throw taken(workspace);
      const agent = await this.#serve(session);
      const unclaimed = setTimeout(() => void this.#end(session.sid, 'stopped'), CLAIM_MS_MAX);
      this.#served.set(session.sid, { agent, holds: 0, unclaimed, ended: Promise.withResolvers() });
      return { session: session.sid, agent };
    } finally {
      this.#opening.delete(workspace);
    }
  }

  /** Resolves when the service of that session has ended, which `signal` brings about. */
  async hold(sid: string, signal: AbortSignal): Promise<'session_closed' | 'stopped' | undefined> {
    const served = this.#served.get(sid as SessionId);
    if (served === undefined) return undefined;
    clearTimeout(served.unclaimed);
    served.holds += 1;
    const gone = (): void => {
      served.holds -= 1;
      if (served.holds === 0) void this.#end(sid as SessionId, 'stopped');
    };
    if (signal.aborted) gone();
    else signal.addEventListener('abort', gone, { once: true });
    return served.ended.promise;
  }

  async #end(sid: SessionId, why: 'session_closed' | 'stopped'): Promise<void> {
    const served = this.#served.get(sid);
    if (served === undefined) return;
    this.#served.delete(sid);
    clearTimeout(served.unclaimed);
    await served.agent.end().finally(() => served.ended.resolve(why));
  }
}

function taken(workspace: string): HardshellError {
  return new HardshellError(
    'unavailable',
    `a program runs in the workspace \`${workspace}\` already; stop it, or name another with \`--workspace\``,
    { fate: 'refuse' },
  );
}

function agentSession(station: Station, tx: Tx, workspace: string): Session {
  const key = `agent_session:${workspace}`;
  const known = tx.get(sql.selectFrom('meta').select('value').where('key', '=', key));
  const session = known === undefined ? undefined : findSession(tx, known.value);
  if (session?.open === true) return session;
  const opened = openSession(station, tx, { zone: 'zone2-planner', origin: 'agent' });
  if (known === undefined) tx.run(sql.insertInto('meta').values({ key, value: opened.sid }));
  else tx.run(sql.updateTable('meta').set({ value: opened.sid }).where('key', '=', key));
  return opened;
}
