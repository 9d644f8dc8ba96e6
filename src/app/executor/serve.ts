import { openSync, readFileSync, renameSync, writeFileSync, closeSync, fsyncSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { makeCheckpoint, makeSubjectHash, openCheckpointKey, type AuditLog } from '../../audit/index.ts';
import { loadConfig, type Config } from '../../config/index.ts';
import { canonicalJson, HardshellError, toJson, type AuditMode } from '../../contracts/index.ts';
import { readEpochs } from '../../control/index.ts';
import { compilePolicy, decide, explain } from '../../policy/index.ts';
import { readArmed, type Ledger } from '../../state/index.ts';
import {
  Confirmed,
  EMPTY_CONTACTS,
  type InstanceFacts,
  type LogDesk,
  type Station,
} from '../../zone1-executor/index.ts';
import { loadCedar } from './cedar-engine.ts';
import { random, sha256Hex, systemClock } from './system.ts';

export interface Environment {
  readonly home: string;
  readonly run: string;
  readonly mode: Exclude<AuditMode, 'none'>;
  readonly deployment: 'checkout' | 'installed';
  readonly firstStart: boolean;
  /** Whether there is a process with a way out, whose events are to be recorded. */
  readonly egress: boolean;
  /** Values of the variables that `hardshell.json` names. */
  readonly configVariables: Readonly<Record<string, string>>;
}

/** The settings, with the variables that the supervisor handed over for them. */
export function readSettings(where: Pick<Environment, 'home' | 'configVariables'>): Config {
  return loadConfig(join(where.home, 'hardshell.json'), where.configVariables);
}

/** What the supervisor's table puts into our environment; anything else is a fault of the table. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  const { HARDSHELL_HOME: home, HARDSHELL_RUN: run, HARDSHELL_MODE: mode, HARDSHELL_DEPLOYMENT: deployment } = env;
  if (home === undefined || run === undefined || (mode !== 'F' && mode !== 'R' && mode !== 'U' && mode !== 'L')) {
    throw new HardshellError('config_invalid', 'the executor is started by `hardshell up` only', { fate: 'refuse' });
  }
  return {
    home,
    run,
    mode,
    deployment: deployment === 'installed' ? 'installed' : 'checkout',
    firstStart: env['HARDSHELL_FIRST_START'] === '1',
    egress: env['HARDSHELL_EGRESS'] === '1',
    configVariables: parseVariables(env['HARDSHELL_CONFIG_VARIABLES'] ?? '{}'),
  };
}

function parseVariables(text: string): Record<string, string> {
  return z.record(z.string(), z.string()).parse(JSON.parse(text));
}

/** The station that every room of Zone 1 is handed, over an opened ledger. */
export function makeStation(where: Environment, config: Config, ledger: Ledger, epoch: number): Station {
  const subjectHash = makeSubjectHash(readFileSync(join(where.home, 'keys', 'subject.key')));
  const clock = systemClock(process.env);
  const cedar = loadCedar();
  const confirmed = new Confirmed({
    home: where.home,
    writeFile: (name, text) => writeDurably(join(where.home, name), text),
    sha256Hex,
    subjectHash,
    reader: () => ledger.reader,
    compile: (text) => {
      const compiled = compilePolicy(text, { cedar, sha256: sha256Hex });
      if (compiled.kind === 'refused') return { kind: 'refused', problems: compiled.problems.map(describeProblem) };
      const { policy } = compiled;
      return {
        kind: 'ok',
        policy: {
          digest: policy.digest,
          decide: (request) => decide(request, policy),
          explain: (request) => explain(request, policy),
        },
      };
    },
    configText: () => decidingConfig(readSettings(where)),
    configInForce: decidingConfig(config),
    self: { address: config.mail.address, name: config.mail.name },
  });
  return {
    ledger,
    clock,
    random,
    sha256Hex,
    subjectHash,
    confirmed,
    armed: () => {
      const now = readArmed(where.home, epoch);
      return now.kind === 'armed' && now.epoch === epoch;
    },
    breakerOpen: () => false,
    caps: {
      pendingPerSession: config.approvals.pendingPerSession,
      questionsPerDay: config.approvals.questionsPerDay,
      questionsPerSender: config.approvals.questionsPerSender,
      questionsReserved: config.approvals.questionsReserved,
      outboxDelayMs: config.approvals.outboxDelayMs,
      retentionDays: config.session.retentionDays,
      rawRetentionDays: config.session.rawRetentionDays,
    },
  };
}

function describeProblem(problem: { readonly message: string; readonly line?: number | undefined }): string {
  return problem.line === undefined ? problem.message : `line ${problem.line}: ${problem.message}`;
}

/**
 * The configuration as one text, all of it: beside who may be reached and how the owner is asked, a model's address is
 * where private mail goes, a shorter retention destroys, and wider limits take a wall's strength.
 */
export function decidingConfig(config: Config): string {
  return canonicalJson(toJson(config));
}

/** The epoch that may run, or `killed`: a record from before a kill does not count. */
export function requireEpoch(home: string): number {
  const armed = readArmed(home, readEpochs(join(home, 'audit')).killed + 1);
  if (armed.kind === 'armed') return armed.epoch;
  throw new HardshellError('killed', 'this instance is stopped; `hardshell revive` starts it again', {
    fate: 'refuse',
  });
}

/** At a first start what was just made is what the owner starts with: shown, recorded, confirmed. */
export async function confirmFirst(station: Station, where: Environment): Promise<void> {
  const { confirmed, ledger, clock } = station;
  if (!(confirmed instanceof Confirmed)) return;
  writeDurably(join(where.home, 'contacts.json'), EMPTY_CONTACTS);
  await ledger.commit((tx) => {
    for (const name of ['policy', 'contacts', 'config'] as const) {
      const digest = confirmed.digestOnDisk(name);
      const done = digest === null ? null : confirmed.confirm(tx, name, digest, 'first_start', clock.wallMs());
      if (done === null || !done.ok)
        throw new HardshellError('config_invalid', `the ${name} that a first start brings cannot be used`, {
          fate: 'stop',
        });
    }
  });
}

export function writeDurably(path: string, text: string): void {
  const next = `${path}.new`;
  const fd = openSync(next, 'w', 0o600);
  try {
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(next, path);
}

export function makeLogDesk(home: string, log: AuditLog, ledger: Ledger): LogDesk {
  const head = (): { size: number; root: string; bytes: Uint8Array } => {
    const tree = log.tree();
    const bytes = tree.root();
    return { size: tree.size, root: Buffer.from(bytes).toString('hex'), bytes };
  };
  return {
    entries: () => log.head().seq,
    head: () => {
      const { size, root } = head();
      return { size, root };
    },
    checkpoint: async () => {
      const { size, root, bytes } = head();
      const note = makeCheckpoint({ size, root: bytes }, openCheckpointKey(join(home, 'keys', 'checkpoint.key')));
      await ledger.commit((tx) =>
        tx.record({ event: 'checkpoint_made', zone: 'zone1-executor', details: { size, root } }),
      );
      return { size, root, note };
    },
  };
}

export function instanceFacts(where: Environment, config: Config, epoch: number, startedMs: number): InstanceFacts {
  return {
    version: '0.1.0',
    deployment: where.deployment,
    mode: where.mode,
    minimumMode: config.zones.minimumMode,
    epoch,
    startedMs,
    mail: { provider: config.mail.provider, address: config.mail.address, inbox: 'mail/in', outbox: 'mail/out' },
    planner: config.models.local === null ? 'rules' : 'model',
    questionsPerDay: config.approvals.questionsPerDay,
    unproven: [
      ...(where.mode === 'U' ? ['zones share one uid with you; a program of yours can reach their sockets'] : []),
    ],
  };
}
