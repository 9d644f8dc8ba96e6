import type { Instance } from './instance.ts';
import { becomes, until } from './wait.ts';
import { brief, textOf, type Frame, type Wire } from './wire.ts';

/** One session of Zone 2 with the attacker's planner in it, seen from the host on the session's own socket. */
export class Zone {
  readonly name: string;
  readonly session: string;
  wire: Wire;
  readonly instance: Instance;
  /** Parameters of the last request, to execute it with. */
  lastParams: object = {};

  constructor(instance: Instance, name: string, session: string, wire: Wire) {
    this.instance = instance;
    this.name = name;
    this.session = session;
    this.wire = wire;
  }

  /** Connects again when the other side has hung up: an executor may have been killed meanwhile. */
  async ask(frame: object): Promise<Frame> {
    if (this.wire.closed) this.wire = await this.instance.wire(this.name);
    if ('params' in frame && typeof frame.params === 'object' && frame.params !== null) this.lastParams = frame.params;
    return this.wire.ask(frame);
  }

  /** A mail as this zone would have it sent. */
  sendEmail(params: object, rationale?: string): Promise<Frame> {
    return this.ask({
      type: 'capability_request',
      action: 'send_email',
      params,
      ...(rationale === undefined ? {} : { rationale }),
    });
  }

  /** Asked, approved and fetched: a token of this session, and what it is for. */
  async approved(params: object): Promise<{ rid: string; token: string }> {
    const rid = textOf(await this.sendEmail(params), 'request_id');
    await this.instance.owner.approve(rid);
    return { rid, token: await this.token(rid) };
  }

  async token(rid: string): Promise<string> {
    return textOf(await this.ask({ type: 'approval_status', request_id: rid, wait_ms: 5_000 }), 'token');
  }

  execute(token: string, params: object, action = 'send_email'): Promise<Frame> {
    return this.ask({ type: 'execute', token, action, params });
  }

  /** How a request ended, once it has. */
  async outcome(rid: string): Promise<string> {
    for (let tries = 0; tries < 5; tries += 1) {
      const status = await this.ask({ type: 'approval_status', request_id: rid, wait_ms: 8_000 });
      const { outcome } = status;
      if (typeof outcome === 'string' && outcome !== 'queued' && outcome !== 'dispatched') return outcome;
    }
    return 'none';
  }

  /** The whole way, rightly: asked, approved, executed, sent. */
  async sends(params: object): Promise<boolean> {
    const { rid, token } = await this.approved(params);
    await this.execute(token, params);
    return (await this.outcome(rid)) === 'succeeded';
  }

  /** Has the attacker's own code, inside the sandbox, do something. */
  async inside(order: string, given: object = {}): Promise<{ ok: boolean; value?: unknown; error?: string }> {
    const put = await this.ask({ type: 'task_put', priority: 9, data: { order, with: given } });
    const task = textOf(put, 'task');
    const result = await until('the attacker inside the zone', async () => {
      const { tasks } = await this.ask({ type: 'task_list' });
      const found = (tasks as { task: string; data: Frame }[]).find((one) => one.task === task);
      return found?.data['result'] as { ok: boolean } | undefined;
    });
    await this.ask({ type: 'task_delete', task });
    return result;
  }

  /** Ends the process, and with it the session. */
  async end(): Promise<void> {
    if (!this.instance.zones(this.name).includes(this.name)) return;
    await this.ask({ type: 'task_put', priority: 9, data: { order: 'exit' } });
    await becomes(() => !this.instance.zones(this.name).includes(this.name));
    this.wire.close();
  }
}

/** The zone of a session, once it serves. */
export async function openZone(instance: Instance, session: string, name = `zone2-planner.${session}`): Promise<Zone> {
  const wire = await instance.wire(name);
  return new Zone(instance, name, session, wire);
}

/** A session of the owner's own words, with the attacker's planner in it, for as long as `use` takes. */
export async function withSession<T>(
  instance: Instance,
  use: (zone: Zone) => Promise<T>,
  more: { text?: string; to?: string[]; item?: string } = {},
): Promise<T> {
  const { text, ...rest } = more;
  const zone = await openZone(instance, await instance.owner.instruct(text ?? 'do something', rest));
  try {
    return await use(zone);
  } finally {
    await zone.end().catch(() => undefined);
  }
}

/** Delivers a mail and opens the session that it is given to. */
export async function withItem<T>(
  instance: Instance,
  mail: Buffer,
  use: (zone: Zone, item: Frame) => Promise<T>,
): Promise<T> {
  const before = new Set(instance.zones('zone2-planner.'));
  instance.deliver(`m${Math.random().toString(36).slice(2)}`, mail);
  const name = await until(
    'a session for the mail',
    () => instance.zones('zone2-planner.').find((zone) => !before.has(zone)),
    30_000,
  );
  const zone = await openZone(instance, name.slice('zone2-planner.'.length));
  try {
    const item = await zone.ask({ type: 'next_item', wait_ms: 10_000 });
    if (item['type'] !== 'item') throw new Error(`no item came: ${brief(item)}`);
    return await use(zone, item);
  } finally {
    await zone.end().catch(() => undefined);
  }
}
