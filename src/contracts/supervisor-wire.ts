import * as z from 'zod';
import { ISOLATION_MODES } from './isolation-mode.ts';
import { LIMITS } from './limits.ts';
import { SPAWN_PROFILES, ZONE_PROFILES } from './profiles.ts';

const sid = z.string().regex(/^s_[a-z2-7]{26}$/);
const zoneName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/);

/** What the supervisor's socket understands: names from a list, never a path, an argument or a command. */
export const SUPERVISOR_REQUESTS = {
  /** `standing`: the planner of the owner's own talk, named without its session. */
  spawn: z.strictObject({
    type: z.literal('spawn'),
    profile: z.enum(SPAWN_PROFILES),
    sid: sid.optional(),
    standing: z.boolean().optional(),
    /** False: a planner that does not reach the model, since the owner has not confirmed who that is. */
    model: z.boolean().optional(),
  }),
  /** Makes the places of an agent's zone, which the owner's own `hardshell run` then starts; `unplace` removes them. */
  place: z.strictObject({ type: z.literal('place'), sid, model: z.boolean() }),
  unplace: z.strictObject({ type: z.literal('unplace'), name: zoneName }),
  stop_zone: z.strictObject({ type: z.literal('stop_zone'), name: zoneName }),
  /** Runs the escape list in a zone of each kind, as at a start or the whole of it. */
  prove: z.strictObject({ type: z.literal('prove'), scope: z.enum(['start', 'full']) }),
  /** Stops every process and then the supervisor itself. */
  stop_all: z.strictObject({ type: z.literal('stop_all') }),
  status: z.strictObject({ type: z.literal('status') }),
  /** The executor's word that it serves. */
  ready: z.strictObject({ type: z.literal('ready') }),
  /** Events with a number above `after`; waits for the first one when there is none yet. */
  watch: z.strictObject({
    type: z.literal('watch'),
    after: z.number().int().min(0),
    wait_ms: z.number().int().min(0).max(LIMITS.waitMsMax.value).optional(),
  }),
} as const;
export type SupervisorRequestType = keyof typeof SUPERVISOR_REQUESTS;
export type SupervisorRequest = {
  [K in SupervisorRequestType]: z.infer<(typeof SUPERVISOR_REQUESTS)[K]>;
}[SupervisorRequestType];

const count = z.number().int().min(0);

/** How a zone ended. `tampered` and `probe_failed` are incidents and are not answered by a restart. */
export const ZONE_END = ['stopped', 'exited', 'killed', 'out_of_memory', 'tampered', 'probe_failed'] as const;

const zoneStateSchema = z.strictObject({
  name: z.string(),
  /** `agent`: its program was started by the owner. */
  profile: z.enum([...ZONE_PROFILES, 'agent']),
  session: z.string().nullable(),
  /** The socket on the host that a program in the zone's place would be served on; null where it has none. */
  socket: z.string().nullable(),
  mode: z.enum(ISOLATION_MODES),
  running: z.boolean(),
  pid: z.number().int().nullable(),
  restarts: count,
});
export type ZoneState = z.infer<typeof zoneStateSchema>;

const zoneEventSchema = z.strictObject({
  seq: count,
  kind: z.enum(['started', ...ZONE_END]),
  name: z.string(),
  profile: z.enum(ZONE_PROFILES),
  session: z.string().nullable(),
  /** Exit code, where the program ended by itself. */
  code: z.number().int().nullable(),
});
export type ZoneEvent = z.infer<typeof zoneEventSchema>;

/** Attempts that the mode in force claims to hold, in one kind of zone: how many held, and which did not. */
const zoneProofSchema = z.strictObject({
  zone: z.string(),
  attempts: count,
  held: count,
  /** Attempts that were seen to work, or at least to arrive, outside the wall. */
  seen: count,
  open: z.array(z.string()),
  cannot_tell: z.array(z.string()),
});

export const SUPERVISOR_ANSWERS = {
  /** Sent once the zone runs and was checked from outside. `socket_dir`: where the executor listens, as it sees it. */
  spawned: z.strictObject({
    type: z.literal('spawned'),
    name: zoneName,
    socket_dir: z.string(),
    session: z.string().nullable(),
  }),
  /** `host_*`: the same places as the owner's programs see them. `uid`: null where zones have ours. */
  placed: z.strictObject({
    type: z.literal('placed'),
    name: zoneName,
    socket_dir: z.string(),
    host_socket_dir: z.string(),
    host_model_dir: z.string().nullable(),
    uid: z.number().int().nullable(),
  }),
  /** `degraded`: what worked, and the mode in force does not claim to hold. */
  proven: z.strictObject({ type: z.literal('proven'), zones: z.array(zoneProofSchema), degraded: z.array(z.string()) }),
  unplaced: z.strictObject({ type: z.literal('unplaced') }),
  stopped: z.strictObject({ type: z.literal('stopped'), zones: count, elapsed_ms: count }),
  ready: z.strictObject({ type: z.literal('ready') }),
  status: z.strictObject({
    type: z.literal('status'),
    ready: z.boolean(),
    pid: z.number().int(),
    instance: z.string(),
    deployment: z.enum(['checkout', 'installed']),
    mode: z.enum(ISOLATION_MODES),
    armed_epoch: count,
    limits_held: z.array(z.enum(['memory', 'pids', 'cpu'])),
    degraded: z.array(z.string()),
    /** The proof of the walls at this start. */
    proof: z.strictObject({ attempts: count, held: count, zones: count }).nullable(),
    zones: z.array(zoneStateSchema),
  }),
  /** `missed`: older events were dropped; ask `status`. */
  events: z.strictObject({
    type: z.literal('events'),
    events: z.array(zoneEventSchema),
    next: count,
    missed: z.boolean(),
  }),
} as const;
export type SupervisorAnswer = {
  [K in keyof typeof SUPERVISOR_ANSWERS]: z.infer<(typeof SUPERVISOR_ANSWERS)[K]>;
}[keyof typeof SUPERVISOR_ANSWERS];
