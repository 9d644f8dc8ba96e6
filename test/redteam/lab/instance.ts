import { spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import * as z from 'zod';
import { verifyLog, type VerifyReport } from '../../../src/audit/index.ts';
import { SUPERVISOR_ANSWERS } from '../../../src/contracts/index.ts';
import { findByEnvironment, zoneMarker } from '../../../src/isolation/index.ts';
import { instancePaths, type InstancePaths } from '../../../src/state/index.ts';
import { makeCheckout, type CheckoutOptions } from './checkout.ts';
import { Owner } from './owner.ts';
import { tryKill, withChildren } from './processes.ts';
import { becomes, until } from './wait.ts';
import { Wire } from './wire.ts';

export const isRoot = process.getuid?.() === 0;

export interface InstanceOptions extends CheckoutOptions {
  /** Lines of `hardshell.json`; put in force as an owner does: written, confirmed, started again. */
  readonly config?: string;
  /** A directory made before, such as a small disk; else one below the system's own. */
  readonly base?: string;
}

const recordSchema = z.object({
  zones: z.array(z.object({ name: z.string(), processes: z.array(z.object({ pid: z.number() })) })),
});
const READY_MS_MAX = 60_000;

/** A real instance in a home of its own: the packed supervisor is started as `up` starts it, and ended by its pid. */
export class Instance {
  readonly base: string;
  readonly paths: InstancePaths;
  readonly #children: ChildProcess[] = [];
  readonly #wires: Wire[] = [];
  #owner: Owner | undefined;
  #said = '';

  private constructor(base: string) {
    this.base = base;
    this.paths = instancePaths(join(base, 'h'), process.getuid?.() ?? 0);
  }

  /** An instance that is not started yet. */
  static prepare(options: InstanceOptions = {}): Instance {
    const base = options.base ?? mkdtempSync(join(tmpdir(), 'hs-rt-'));
    chmodSync(base, 0o755);
    const instance = new Instance(base);
    mkdirSync(join(base, 'checkout'));
    makeCheckout(join(base, 'checkout'), options);
    return instance;
  }

  static async start(options: InstanceOptions = {}): Promise<Instance> {
    const instance = Instance.prepare(options);
    try {
      await instance.up();
      if (options.config === undefined) return instance;
      writeFileSync(join(instance.home, 'hardshell.json'), options.config, { mode: 0o600 });
      await instance.owner.confirm('config');
      await instance.down();
      await instance.up();
      return instance;
    } catch (error) {
      await instance.close();
      throw error;
    }
  }

  get home(): string {
    return this.paths.home;
  }

  get owner(): Owner {
    if (this.#owner === undefined) throw new Error('the instance does not run');
    return this.#owner;
  }

  /** What the supervisor has said since its last start. */
  get said(): string {
    return this.#said;
  }

  /** Starts the supervisor; throws when it ends before it is ready. */
  async up(): Promise<void> {
    const code = await this.tryUp();
    if (code !== null) throw new Error(`the instance did not start (${code}): ${this.#said.slice(-400)}`);
  }

  /** Starts the supervisor; null when it serves, else its exit code. */
  async tryUp(): Promise<number | null> {
    this.#said = '';
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', join(this.base, 'checkout', 'dist', 'supervisor', 'main.mjs')],
      {
        env: { HARDSHELL_HOME: this.home, HOME: this.base, PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
        cwd: '/',
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.#children.push(child);
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (this.#said += chunk.toString()));
    const ended = await until(
      'the supervisor',
      () =>
        child.exitCode !== null ? child.exitCode : this.#said.includes('Ctrl-C stops everything') ? -1 : undefined,
      READY_MS_MAX,
    );
    if (ended !== -1) return ended;
    this.#owner = await Owner.open(this.paths.controlSocket);
    return null;
  }

  /** Ends the supervisor as Ctrl-C does. */
  async down(): Promise<void> {
    this.#hangUp();
    for (const child of this.#children) {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    }
    await this.gone();
  }

  /** Waits until every supervisor of ours has ended; kills what does not. */
  async gone(): Promise<void> {
    for (const child of this.#children.splice(0)) {
      if (!(await becomes(() => child.exitCode !== null || child.signalCode !== null, 10_000))) child.kill('SIGKILL');
    }
  }

  get supervisorPid(): number {
    return this.#children.at(-1)?.pid ?? 0;
  }

  /** Outermost first. */
  pidsOf(name: string): number[] {
    const record = recordSchema.parse(JSON.parse(readFileSync(this.paths.zonesRecord, 'utf8')));
    return withChildren(record.zones.find((zone) => zone.name === name)?.processes.map(({ pid }) => pid) ?? []);
  }

  /** Names of the zones that run, by what they begin with. */
  zones(prefix: string): string[] {
    const record = recordSchema.parse(JSON.parse(readFileSync(this.paths.zonesRecord, 'utf8')));
    return record.zones.map(({ name }) => name).filter((name) => name.startsWith(prefix));
  }

  /** Processes of the instance that run, found by their mark. */
  processes(): number[] {
    return findByEnvironment(zoneMarker(this.paths.instance)).map(({ pid }) => pid);
  }

  /** A socket of a zone, as the zone itself has it: same listener, same identity. */
  async wire(zone = 'zone2-planner'): Promise<Wire> {
    const wire = await Wire.open(join(this.paths.run, zone, 'zone-bridge.sock'));
    this.#wires.push(wire);
    return wire;
  }

  /** Drops a message into the mailbox, as a mail program does. */
  deliver(name: string, bytes: Buffer): void {
    const folder = join(this.home, 'mail', 'in');
    writeFileSync(join(folder, `.${name}.part`), bytes);
    renameSync(join(folder, `.${name}.part`), join(folder, `${name}.eml`));
  }

  /** Mails that went out: the bytes of each. */
  sent(): Buffer[] {
    const folder = join(this.home, 'mail', 'out', 'new');
    return existsSync(folder) ? readdirSync(folder).map((name) => readFileSync(join(folder, name))) : [];
  }

  /** How many mails that hold `word` went out. */
  sentWith(word: string): number {
    return this.sent().filter((bytes) => bytes.includes(word)).length;
  }

  /** First value of a query on the live database, read from outside; empty when there is none. */
  text(query: string, ...values: string[]): string {
    return this.#read(query, values).map(asText)[0] ?? '';
  }

  /** First column of every row. */
  texts(query: string, ...values: string[]): string[] {
    return this.#read(query, values).map(asText);
  }

  count(query: string, ...values: string[]): number {
    return Number(this.text(query, ...values));
  }

  bytes(query: string, ...values: string[]): Uint8Array {
    const [value] = this.#read(query, values);
    if (value instanceof Uint8Array) return value;
    throw new Error('no such bytes');
  }

  /** Writes into the live database from outside, as somebody who owns the files could. */
  corrupt(statement: string, ...values: (string | Uint8Array)[]): void {
    this.#withDb({ timeout: 5_000 }, (db) => db.prepare(statement).run(...values));
  }

  /** SIGKILL for the executor; resolves when the supervisor has started it again. */
  async killExecutor(): Promise<void> {
    const before = this.pidsOf('zone1-executor');
    for (const pid of before) tryKill(pid);
    await this.executorAgain(before);
  }

  async executorAgain(before: readonly number[]): Promise<void> {
    this.#owner?.close();
    // The connectors end with the executor and are started after it.
    const another = (name: string): true | undefined =>
      this.pidsOf(name).some((pid) => !before.includes(pid)) ? true : undefined;
    for (const name of ['zone1-executor', 'connector-maildir', 'connector-chats'])
      await until(`another ${name}`, () => another(name), 30_000);
    this.#owner = await until(
      'the executor’s answer',
      async () => {
        const owner = await Owner.open(this.paths.controlSocket);
        const answer = await owner.ask({ type: 'status' });
        return answer['type'] === 'status' ? owner : undefined;
      },
      30_000,
    );
  }

  /** Intents that were ever written for a request. */
  acts(rid: string): number {
    return this.count('SELECT count(*) FROM journal WHERE rid = ?', rid);
  }

  async supervisorStatus(): Promise<z.infer<typeof SUPERVISOR_ANSWERS.status>> {
    const wire = await Wire.open(this.paths.supervisorSocket);
    const { id: _id, ...status } = await wire.ask({ type: 'status' });
    wire.close();
    return SUPERVISOR_ANSWERS.status.parse(status);
  }

  auditText(): string {
    return readFileSync(join(this.home, 'audit', 'audit.jsonl'), 'utf8');
  }

  verify(): Promise<VerifyReport> {
    return verifyLog(join(this.home, 'audit'), { outside: [] });
  }

  /** Ends everything that was started here and removes it. */
  async close(): Promise<void> {
    await this.down().catch(() => undefined);
    for (const pid of this.processes()) tryKill(pid);
    if (process.env['REDTEAM_KEEP'] === '1') return;
    if (isRoot) rmSync(this.paths.run, { recursive: true, force: true });
    rmSync(this.base, { recursive: true, force: true });
  }

  #read(query: string, values: string[]): SQLOutputValue[] {
    return this.#withDb({ readOnly: true, timeout: 5_000 }, (db) =>
      db
        .prepare(query)
        .all(...values)
        .flatMap((row) => Object.values(row).slice(0, 1)),
    );
  }

  #withDb<T>(options: { readOnly?: boolean; timeout: number }, use: (db: DatabaseSync) => T): T {
    const db = new DatabaseSync(join(this.home, 'state.db'), options);
    try {
      return use(db);
    } finally {
      db.close();
    }
  }

  #hangUp(): void {
    for (const wire of this.#wires.splice(0)) wire.close();
    this.#owner?.close();
    this.#owner = undefined;
  }
}

function asText(value: SQLOutputValue): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? String(value) : '';
}
