import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { HardshellError } from '../contracts/index.ts';
import { CONFIG_CHARS_MAX, describeProblem, parseConfig, type ParsedConfig } from './parse.ts';
import type { Config } from './config.ts';

/** The text of a configuration file. Throws `config_invalid` when it is missing, no regular file, or too large. */
export function readConfigText(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    throw invalid(`cannot read \`${path}\`; \`hardshell up\` writes one at first start`, cause);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > CONFIG_CHARS_MAX * 4)
      throw invalid(`\`${path}\` is not a configuration file; replace it`);
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(fd));
  } catch (cause) {
    if (cause instanceof HardshellError) throw cause;
    throw invalid(`\`${path}\` is not text in UTF-8; replace it`, cause);
  } finally {
    closeSync(fd);
  }
}

/** The configuration of a file, or `config_invalid` with every problem, a line each. For processes that cannot go on. */
export function loadConfig(path: string, env: Readonly<Record<string, string | undefined>>): Config {
  const parsed: ParsedConfig = parseConfig(readConfigText(path), env);
  if (parsed.kind === 'ok') return parsed.config;
  throw invalid(
    `\`${path}\` is refused:\n${parsed.problems.map((problem) => `  ${describeProblem(problem)}`).join('\n')}`,
  );
}

/** Replaces the file in one step, mode 0600: after a crash it is the old or the new text, never half. Throws `disk_failed`. */
export function writeConfigText(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const fd = openSync(
      temporary,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o600,
    );
    try {
      const folder = lstatSync(dirname(path));
      // Root may write for the account that owns the home, which has to read it.
      if (process.getuid?.() === 0 && folder.uid !== 0) fchownSync(fd, folder.uid, folder.gid);
      const bytes = Buffer.from(text, 'utf8');
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    syncDirectory(dirname(path));
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw new HardshellError('disk_failed', `cannot write \`${path}\`; check its directory and the space on the disk`, {
      fate: 'refuse',
      cause,
    });
  }
}

function syncDirectory(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function invalid(message: string, cause?: unknown): HardshellError {
  return new HardshellError('config_invalid', message, { fate: 'refuse', cause });
}

/** The environment variables that a configuration file names, with their values: what another process needs to read it. */
export function namedVariables(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const names = [...readConfigText(path).matchAll(/\$\{([A-Z_][A-Z0-9_]*)\}/g)].map(([, name]) => name ?? '');
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
