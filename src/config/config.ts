import type * as z from 'zod';
import type { IsolationMode } from '../contracts/index.ts';
import type { configSchema, ZoneKind } from './schema.ts';

export interface ZoneLimitsConfig {
  readonly memoryMiB: number;
  readonly tasks: number;
  readonly cpus: number;
}

/** A model server on this machine. */
export interface LocalModel {
  /** Plain HTTP on a loopback address, without a slash at the end. */
  readonly baseUrl: string;
  readonly model: string;
}

/** The configuration as every process sees it: complete, checked, frozen. */
export interface Config {
  readonly mail: { readonly provider: 'maildir'; readonly address: string; readonly name: string };
  readonly models: { readonly local: LocalModel | null };
  readonly approvals: {
    readonly pendingPerSession: number;
    readonly questionsPerDay: number;
    readonly questionsPerSender: number;
    readonly questionsReserved: number;
    readonly outboxDelayMs: number;
  };
  readonly zones: Readonly<Record<ZoneKind, ZoneLimitsConfig>> & {
    readonly minimumMode: IsolationMode;
    readonly agentWorkspaceMiB: number;
    readonly driver: 'bubblewrap' | 'docker';
    readonly engineSocket: string;
  };
  readonly session: { readonly retentionDays: number; readonly rawRetentionDays: number };
  readonly logging: { readonly maxMiB: number };
}

/** The one conversion from the file's shape. */
export function toConfig(file: z.infer<typeof configSchema>): Config {
  const { outboxDelay, ...approvals } = file.approvals;
  const { local } = file.models;
  return deepFreeze({
    mail: file.mail,
    models: { local: local === null ? null : { ...local, baseUrl: local.baseUrl.replace(/\/+$/, '') } },
    approvals: { ...approvals, outboxDelayMs: Number.parseInt(outboxDelay, 10) * 1_000 },
    zones: file.zones,
    session: file.session,
    logging: file.logging,
  });
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) deepFreeze(part as object);
  return Object.freeze(value);
}
