import * as z from 'zod';
import { renderPlist, type PlistValue } from './plist.ts';

/** Decimal, as launchd wants it: 077 in octal. */
const UMASK_PRIVATE = 63;

/** One job of launchd. The keys that we use, and no other. */
export interface Job {
  readonly label: string;
  readonly program: readonly string[];
  readonly user: string;
  readonly group: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly log: string;
  readonly when:
    | { readonly kind: 'kept'; readonly flag: string }
    | { readonly kind: 'once' }
    | { readonly kind: 'every'; readonly seconds: number };
}

const absolute = z.string().regex(/^\/[^\0]*$/);

/**
 * What a property list of ours must be: names that launchd knows, an absolute program, an account. `KeepAlive` is never
 * plainly true, for launchd would then start again what a stop ended.
 */
export const jobSchema = z.strictObject({
  Label: z.string().regex(/^dev\.hardshell\.[a-z-]+$/),
  ProgramArguments: z.tuple([absolute], z.string()),
  UserName: z.string().regex(/^_?[a-z][a-z-]*$/),
  GroupName: z.string().regex(/^_?[a-z][a-z-]*$/),
  Umask: z.literal(UMASK_PRIVATE),
  WorkingDirectory: absolute,
  EnvironmentVariables: z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), z.string()),
  ProcessType: z.enum(['Background', 'Standard']),
  RunAtLoad: z.boolean(),
  KeepAlive: z
    .strictObject({ SuccessfulExit: z.literal(false), PathState: z.record(absolute, z.boolean()) })
    .optional(),
  StartInterval: z.number().int().min(10).optional(),
  ThrottleInterval: z.number().int().min(10).optional(),
  ExitTimeOut: z.number().int().positive(),
  StandardOutPath: absolute,
  StandardErrorPath: absolute,
  SoftResourceLimits: z.strictObject({ Core: z.literal(0), NumberOfFiles: z.number().int().positive() }),
});

/** The property list of one job. Throws when it would not be one of ours. */
export function renderJob(job: Job): string {
  const value = {
    Label: job.label,
    ProgramArguments: [...job.program],
    UserName: job.user,
    GroupName: job.group,
    Umask: UMASK_PRIVATE,
    WorkingDirectory: '/',
    EnvironmentVariables: { ...job.environment },
    ProcessType: 'Background',
    ...schedule(job),
    ExitTimeOut: 10,
    StandardOutPath: job.log,
    StandardErrorPath: job.log,
    SoftResourceLimits: { Core: 0, NumberOfFiles: 4_096 },
  } as const satisfies Record<string, PlistValue>;
  jobSchema.parse(value);
  return renderPlist(value);
}

/** A job that is kept runs again after a crash, and only while the flag of a stop is not there. */
function schedule({ when }: Job): Record<string, PlistValue> {
  switch (when.kind) {
    case 'kept':
      return {
        RunAtLoad: true,
        KeepAlive: { SuccessfulExit: false, PathState: { [when.flag]: false } },
        ThrottleInterval: 10,
      };
    case 'once':
      return { RunAtLoad: true };
    case 'every':
      return { RunAtLoad: true, StartInterval: when.seconds };
    default:
      return when satisfies never;
  }
}
