import * as z from 'zod';
import { ISOLATION_MODES, LIMITS, parseMailAddress } from '../contracts/index.ts';

export const ZONE_KINDS = ['reader', 'planner', 'agent', 'model', 'executor', 'egress', 'connector'] as const;
export type ZoneKind = (typeof ZONE_KINDS)[number];

const whole = (min: number, max: number): z.ZodNumber => {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
};

const oneLine = (max: number): z.ZodString =>
  z
    .string({ error: `must be a text of at most ${max} characters` })
    .max(max, { error: `must be a text of at most ${max} characters` })
    .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]*$/u, { error: 'must be one line without control characters' });

const zone = (memoryMiB: number, tasks: number, cpus: number) => {
  const share = 'must be a number from 0.05 to 64';
  return z
    .strictObject({
      memoryMiB: whole(64, 65_536)
        .default(memoryMiB)
        .describe('memory that all its processes together may hold, in MiB'),
      tasks: whole(16, 4_096).default(tasks).describe('processes and threads at once'),
      cpus: z
        .number({ error: share })
        .min(0.05, { error: share })
        .max(64, { error: share })
        .default(cpus)
        .describe('share of processors'),
    })
    .prefault({});
};

const baseUrl = z
  .string({ error: 'must be a URL such as `http://127.0.0.1:11434/v1`' })
  .max(200)
  .refine(
    isLoopbackUrl,
    'must be plain `http` to this machine (`127.0.0.1`, `[::1]` or `localhost`) with a port, without user or query',
  );

const mail = z.strictObject({
  provider: z
    .literal('maildir', { error: 'must be `maildir`; other mail providers come with part 3' })
    .default('maildir')
    .describe('where mail comes from and goes to: `mail/in` and `mail/out` in the home'),
  address: z
    .string({ error: 'must be a plain mail address such as `ann@example.org`' })
    .refine((text) => parseMailAddress(text) !== null, 'must be a plain mail address such as `ann@example.org`')
    .default('owner@localhost')
    .describe('your own address: sender of what goes out'),
  name: oneLine(100).default('').describe('your name beside that address; empty: the address alone'),
});

const models = z.strictObject({
  local: z
    .strictObject({
      baseUrl: baseUrl.describe('an OpenAI-compatible server on this machine, such as Ollama'),
      model: oneLine(100).min(1, { error: 'must name a model' }).describe('the model it shall use, such as `qwen3:8b`'),
    })
    .nullable()
    .default(null)
    .describe('a model on this machine; without one, mail is sorted by rules'),
});

const DELAY = /^(?:0|[1-9]\d{0,2})s$/;
const longest = LIMITS.outboxDelayMsMax.value / 1_000;

const approvals = z.strictObject({
  pendingPerSession: whole(1, 20)
    .default(LIMITS.pendingPerSession.value)
    .describe('questions of one session that may wait at once'),
  questionsPerDay: whole(1, 200)
    .default(LIMITS.questionsPerDay.value)
    .describe('questions put to you in 24 hours, all together'),
  questionsPerSender: whole(1, 200)
    .default(LIMITS.questionsPerSenderPerDay.value)
    .describe('of these, how many the mails of one sender may cause'),
  questionsReserved: whole(0, 200)
    .default(LIMITS.questionsReservedForOwner.value)
    .describe('of these, how many only your own instructions may spend'),
  outboxDelay: z
    .string({ error: `must be seconds such as \`10s\`, at most \`${longest}s\`` })
    .refine(
      (text) => DELAY.test(text) && Number.parseInt(text, 10) <= longest,
      `must be seconds such as \`10s\`, at most \`${longest}s\``,
    )
    .default('10s')
    .describe('how long an approved act waits, in which a denial still wins; policy may ask for more'),
});

const zones = z.strictObject({
  driver: z
    .enum(['bubblewrap', 'docker'], { error: 'must be `bubblewrap` or `docker`' })
    .default('bubblewrap')
    .describe('what builds the wall of readers and planners; `docker`: hardened containers (docs/docker.md)'),
  engineSocket: z
    .string({ error: 'must be the path of a Unix socket' })
    .max(107, { error: 'must have at most 107 characters' })
    .regex(/^\/[\w./-]+$/, { error: 'must be an absolute path of letters, digits, dots, dashes and slashes' })
    .default('/var/run/docker.sock')
    .describe('where the Docker engine listens, for `driver: "docker"`'),
  reader: zone(256, 32, 0.5).describe('parses one hostile message'),
  planner: zone(512, 32, 1).describe('plans over what the readers return'),
  agent: zone(4_096, 256, 2).describe('any program that you start with `hardshell run`'),
  agentWorkspaceMiB: whole(16, 1_048_576)
    .default(4_096)
    .describe('what a workspace of such a program may hold on the disk, in MiB; over it the program is stopped'),
  model: zone(512, 32, 1).describe('stands between planners and the model'),
  executor: zone(1_024, 64, 2).describe('decides, asks, records and acts'),
  connector: zone(256, 32, 1).describe('fetches and sends bytes'),
  egress: zone(256, 32, 1).describe('carries bytes to listed servers, and nothing else'),
  minimumMode: z
    .enum(ISOLATION_MODES, { error: 'must be `F`, `R`, `U` or `L`' })
    .default('L')
    .describe(
      'the weakest isolation mode that may start: F full, R root without user namespaces, U ordinary user, L without namespaces',
    ),
});

const session = z.strictObject({
  retentionDays: whole(1, 3_650)
    .default(30)
    .describe('days that messages as read, drafts and answered questions are kept'),
  rawRetentionDays: whole(0, 3_650)
    .default(7)
    .describe('days that the raw bytes of a message are kept beside what was read of it'),
});

const logging = z.strictObject({
  maxMiB: whole(1, 1_024).default(20).describe('size at which a log file is rotated, in MiB'),
});

/** The file's own shape. Every key has a description; `docs/config.md` is tested against it. */
export const configSchema = z
  .strictObject({
    mail: mail.prefault({}),
    models: models.prefault({}),
    approvals: approvals.prefault({}),
    zones: zones.prefault({}),
    session: session.prefault({}),
    logging: logging.prefault({}),
  })
  .check(({ value, issues }) => {
    const { questionsPerDay, questionsReserved } = value.approvals;
    if (questionsReserved <= questionsPerDay) return;
    issues.push({
      code: 'custom',
      input: value,
      path: ['approvals', 'questionsReserved'],
      message: `must not pass \`approvals.questionsPerDay\` (${questionsPerDay})`,
    });
  });

function isLoopbackUrl(text: string): boolean {
  if (!/^http:\/\/(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost):\d{1,5}(?:\/[\w./-]*)?$/.test(text)) return false;
  const url = URL.parse(text);
  // The parser has the last word on what the host is: `127.1.2.999` and the like do not come out as written.
  return url !== null && /^(?:127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(url.hostname);
}
