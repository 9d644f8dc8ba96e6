import { spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { askStatus, pathsOf, reachSupervisor, type CommandIo } from './supervisor-client.ts';

export interface UpCommand {
  readonly detach: boolean;
  readonly json: boolean;
}

const READY_MS_MAX = 60_000;

/**
 * `hardshell up`. In the foreground this process becomes the supervisor and does not return; with `detach` it resolves
 * when the instance is ready (0) or could not be started (1).
 */
export async function up(command: UpCommand, io: CommandIo): Promise<number> {
  const main = join(import.meta.dirname, '..', 'supervisor', 'main.mjs');
  const args = ['--disable-warning=ExperimentalWarning', main, ...(command.json ? ['--json'] : [])];
  if (command.detach) return upDetached(args, command, io);
  if (process.execve === undefined) {
    io.err('hardshell: this Node cannot become the supervisor; run it with bin/hardshell');
    return 1;
  }
  return process.execve(process.execPath, [process.execPath, ...args], definedOnly(io.env));
}

/** The supervisor keeps its own log in `logs/`; what it says while it starts is shown here when it fails. */
async function upDetached(args: readonly string[], command: UpCommand, io: CommandIo): Promise<number> {
  const paths = pathsOf(io.env);
  // Its home may not exist yet, and only the supervisor may make it: its words go to a file without a name.
  const folder = mkdtempSync(join(tmpdir(), 'hardshell-up-'));
  const log = openSync(join(folder, 'up.log'), 'ax+', 0o600);
  rmSync(folder, { recursive: true });
  const child = spawn(process.execPath, args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: definedOnly(io.env),
  });
  let exitCode: number | null = null;
  child.on('exit', (code) => (exitCode = code ?? 1));
  const deadline = performance.now() + READY_MS_MAX;
  while (exitCode === null && performance.now() < deadline) {
    const client = await reachSupervisor(paths);
    const status = client === undefined ? undefined : await askStatus(client, 1_000);
    client?.destroy();
    if (status?.ready === true) {
      child.unref();
      io.out(
        command.json
          ? JSON.stringify({ ready: true, pid: status.pid, home: paths.home })
          : `Hardshell is ready (process ${status.pid}); \`hardshell down\` stops it`,
      );
      return 0;
    }
    await sleep(25);
  }
  if (exitCode === null) child.kill('SIGTERM');
  io.err(readAll(log));
  closeSync(log);
  return exitCode === 0 ? 0 : 1;
}

function readAll(fd: number): string {
  const bytes = Buffer.alloc(Math.min(fstatSync(fd).size, 65_536));
  readSync(fd, bytes, 0, bytes.length, 0);
  return bytes.toString('utf8').trim();
}

function definedOnly(env: CommandIo['env']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
