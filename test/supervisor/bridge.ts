import { chownSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { RequestClient } from '../../src/bridge/index.ts';
import { isRoot, until } from './support.ts';

/** The executor's side of one zone's bridge: sends it orders, collects what it says. */
export class Bridge {
  readonly lines: Record<string, unknown>[] = [];
  readonly #server: Server;
  #zone: Socket | undefined;

  /** `owner`: the user whose executor this stands in for; we may be root. */
  constructor(path: string, owner: number) {
    this.#server = createServer((socket) => {
      this.#zone = socket;
      socket.on('error', () => {});
      let held = '';
      socket.on('data', (data) => {
        held += String(data);
        const whole = held.split('\n');
        held = whole.pop() ?? '';
        for (const line of whole) this.lines.push(JSON.parse(line) as Record<string, unknown>);
      });
    });
    const umask = process.umask(0o007);
    this.#server.listen(path, () => {
      if (owner !== 0 && isRoot) chownSync(path, owner, owner);
    });
    process.umask(umask);
  }

  async ask(order: object): Promise<Record<string, unknown>> {
    await until(() => this.lines.length > 0, 'the zone to connect');
    const before = this.lines.length;
    this.#zone?.write(`${JSON.stringify(order)}\n`);
    await until(() => this.lines.length > before, 'an answer of the zone');
    return this.lines[before] ?? {};
  }

  tell(order: object): void {
    this.#zone?.write(`${JSON.stringify(order)}\n`);
  }

  close(): void {
    this.#zone?.destroy();
    this.#server.close();
  }
}

/** Starts a process of the table; resolves with its name. */
export const spawn = async (client: RequestClient, what: object): Promise<string> => {
  const answer = await client.request({ type: 'spawn', ...what });
  if (answer['type'] !== 'spawned') throw new Error(JSON.stringify(answer));
  return String(answer['name']);
};
