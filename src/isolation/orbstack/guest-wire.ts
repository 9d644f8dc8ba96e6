import * as z from 'zod';

/** What the Mac asks a guest to start. Paths are the guest's; `files` are looked at before anything runs. */
export const startShape = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9_.-]{1,128}$/),
  uid: z.int().min(1_000).max(100_000),
  env: z.record(z.string(), z.string()),
  cwd: z.string(),
  arguments: z.array(z.string()),
  command: z.string().nullable(),
  sockets: z.enum(['connect', 'none']),
  limits: z.strictObject({
    memoryBytesMax: z.int().positive(),
    tasksMax: z.int().positive(),
    cpus: z.number().positive(),
  }),
  mounts: z.array(z.strictObject({ from: z.string(), to: z.string() })),
  tmp: z.array(z.strictObject({ to: z.string(), bytesMax: z.int().positive() })),
  files: z.array(z.strictObject({ path: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/) })),
  /** Sockets that the zone finds; a connection to one is carried to the Mac under its number here. */
  bridges: z.array(z.strictObject({ directory: z.string(), socket: z.string().regex(/^[a-z.-]{1,40}$/) })).max(4),
});
export type GuestStart = z.infer<typeof startShape>;

export const startedShape = z.strictObject({ mode: z.enum(['F', 'R', 'U', 'L']) });
export const failedShape = z.strictObject({ message: z.string() });
export const exitShape = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('exited'), code: z.int() }),
  z.strictObject({ kind: z.literal('killed'), outOfMemory: z.boolean() }),
  z.strictObject({ kind: z.literal('tampered') }),
  z.strictObject({ kind: z.literal('probe_failed') }),
]);
export const probedShape = z.strictObject({
  ok: z.boolean(),
  mode: z.enum(['F', 'R', 'U', 'L']),
  limitsHeld: z.array(z.enum(['memory', 'pids', 'cpu'])),
  problem: z.string().nullable(),
});
export type GuestProbe = z.infer<typeof probedShape>;
