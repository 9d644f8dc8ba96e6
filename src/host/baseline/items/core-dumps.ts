import { cannotTell, fail, pass, type Evidence, type Judgement } from '../evidence.ts';
import { sawFile, sawRun } from '../item.ts';
import type { Machine } from '../machine.ts';

const PATTERN = '/proc/sys/kernel/core_pattern';
const LIMITS = '/proc/self/limits';
const COREDUMP = '/etc/systemd/coredump.conf';
const REMEDY =
  'put `kernel.core_pattern = |/bin/false` into a file of /etc/sysctl.d, or `Storage=none` into /etc/systemd/coredump.conf where systemd takes them';

/** A crash writes memory to disk, with whatever secret was in it. */
export function lookAtCoreDumps(machine: Machine): Promise<Judgement> {
  return machine.system === 'darwin' ? lookAtMacDumps(machine) : lookAtLinuxDumps(machine);
}

async function lookAtLinuxDumps(machine: Machine): Promise<Judgement> {
  const pattern = await machine.readFile(PATTERN);
  const evidence = [sawFile(PATTERN, pattern)];
  if (pattern.kind !== 'text')
    return cannotTell({ found: 'where dumps go cannot be read', evidence, remedy: `read ${PATTERN}` });
  const text = pattern.text.trim();
  // The limit of size does not bind a program that is handed the dump.
  if (text.startsWith('|')) return lookAtHandler(machine, text, evidence);
  const limits = await machine.readFile(LIMITS);
  const line = limits.kind === 'text' ? /^Max core file size.*$/m.exec(limits.text)?.[0] : undefined;
  evidence.push(sawFile(LIMITS, line === undefined ? limits : { kind: 'text', text: line }));
  const soft = /^Max core file size +(\S+)/.exec(line ?? '')?.[1];
  if (soft === undefined)
    return cannotTell({ found: 'the limit of dumps cannot be read', evidence, remedy: 'run `ulimit -c`' });
  if (soft === '0') return pass('dumps are limited to nothing', evidence);
  return fail({ found: 'a crash writes memory to a file', evidence, remedy: REMEDY });
}

async function lookAtHandler(machine: Machine, pattern: string, evidence: Evidence[]): Promise<Judgement> {
  if (/^\|\s*(?:\/usr)?\/bin\/(?:false|true)(?:\s|$)/.test(pattern)) return pass('dumps are thrown away', evidence);
  if (!pattern.includes('systemd-coredump'))
    return fail({ found: 'a crash hands memory to a program that keeps it', evidence, remedy: REMEDY });
  let storage: string | undefined;
  for (const path of [COREDUMP, ...(await dropIns(machine))]) {
    const reading = await machine.readFile(path);
    const value = reading.kind === 'text' ? /^\s*Storage=(\w+)/m.exec(reading.text)?.[1] : undefined;
    if (value === undefined) continue;
    storage = value;
    evidence.push(sawFile(path, { kind: 'text', text: `Storage=${value}` }));
  }
  if (storage === 'none') return pass('systemd takes dumps and keeps none', evidence);
  return fail({ found: 'systemd takes dumps and keeps them', evidence, remedy: REMEDY });
}

async function dropIns(machine: Machine): Promise<string[]> {
  const folder = `${COREDUMP}.d`;
  const found = await machine.list(folder);
  return found.kind === 'names'
    ? found.names.filter((name) => name.endsWith('.conf')).map((name) => `${folder}/${name}`)
    : [];
}

async function lookAtMacDumps(machine: Machine): Promise<Judgement> {
  const ran = await machine.run('sysctl', ['-n', 'kern.coredump']);
  const evidence = [sawRun('sysctl', ['-n', 'kern.coredump'], ran)];
  const value = ran.kind === 'ran' ? ran.out.trim() : '';
  if (value === '0') return pass('dumps are off', evidence);
  const limit = await machine.run('launchctl', ['limit', 'core']);
  evidence.push(sawRun('launchctl', ['limit', 'core'], limit));
  const soft = limit.kind === 'ran' ? /core\s+(\S+)/.exec(limit.out)?.[1] : undefined;
  if (soft === '0') return pass('dumps are limited to nothing', evidence);
  const remedy = 'run `sudo sysctl kern.coredump=0`';
  if (value === '1' && soft !== undefined) return fail({ found: 'a crash writes memory to a file', evidence, remedy });
  return cannotTell({ found: 'whether dumps are written cannot be told', evidence, remedy });
}
