import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { HardshellError, INSTALLED } from '../../contracts/index.ts';
import { executableOf, findBubblewrap, identifyProcess } from '../../isolation/index.ts';
import type { Choices } from './journal.ts';
import { placeOf, type Target } from './paths.ts';

export interface PreflightOptions {
  readonly target: Target;
  readonly choices: Choices;
  /** Folder name of the version that is to be installed. */
  readonly digest: string;
  readonly nft: string;
}

/** What has to be so before anything is looked at closer. Throws `unavailable` with what to do. */
export function requireReady({ target, choices, digest, nft }: PreflightOptions): void {
  requireRoot('installing');
  for (const path of ['/etc/passwd', '/etc/group', '/usr/lib', '/usr/local/bin', '/var/lib'])
    if (!existsSync(placeOf(target, path)))
      throw refuse(`\`${placeOf(target, path)}\` is missing; \`${target.root}\` is not the root of a system`);
  if (!target.live) return;
  if (findBubblewrap() === undefined)
    throw refuse('bubblewrap, the wall around every zone, is missing; install the package `bubblewrap` first');
  if (!existsSync(nft))
    throw refuse('nftables, which keeps accounts off the network, is missing; install the package `nftables` first');
  if (choices.ollama && !OLLAMA_UNITS.some((path) => existsSync(path)))
    throw refuse(
      'there is no `ollama.service` to tune; install Ollama as a service first, or leave `--with-ollama` away',
    );
  const running = runningVersion();
  if (running !== null && running !== join(INSTALLED.code, digest, 'bin', 'node'))
    throw refuse(
      `another version runs (\`${running}\`); stop it first with \`systemctl stop hardshell\` or \`hardshell down\``,
    );
}

const OLLAMA_UNITS = ['/etc/systemd/system/ollama.service', '/usr/lib/systemd/system/ollama.service'];

export function requireRoot(doing: string): void {
  if (process.getuid?.() === 0) return;
  throw refuse(`${doing} needs root; run it with sudo (\`--dry-run\` needs none)`);
}

/** Without a service manager nobody but the person can stop what runs. */
export function requireStopped(target: Target, hasSystemd: boolean): void {
  if (!target.live || hasSystemd || runningVersion() === null) return;
  throw refuse('the instance runs; stop it first with `hardshell down`');
}

const recordSchema = z.object({ supervisor: z.object({ pid: z.number().int().positive(), startedAt: z.string() }) });

/** The Node of the installed supervisor that runs, or null. */
export function runningVersion(run: string = INSTALLED.run): string | null {
  try {
    const { supervisor } = recordSchema.parse(JSON.parse(readFileSync(join(run, 'supervisor', 'zones.json'), 'utf8')));
    if (identifyProcess(supervisor.pid)?.startedAt !== supervisor.startedAt) return null;
    return executableOf(supervisor.pid) ?? 'unknown';
  } catch {
    return null;
  }
}

function refuse(message: string): HardshellError {
  return new HardshellError('unavailable', message, { fate: 'refuse' });
}
