import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { planMacos } from '../../src/host/index.ts';
import { MAC_ACCOUNTS } from '../../src/host/macos/accounts.ts';
import { jobSchema, renderJob, type Job } from '../../src/host/macos/launchd.ts';
import { lintProfile, parseForms } from '../../src/host/macos/lint-profile.ts';
import { renderPlist } from '../../src/host/macos/plist.ts';
import { executorRules, renderProfile } from '../../src/host/macos/seatbelt.ts';
import { tinySources } from './support/fake-system.ts';

const folder = mkdtempSync(join(tmpdir(), 'hs-mac-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const plan = planMacos({ sources: tinySources(folder), resolvers: ['192.0.2.53'], ollama: true, models: ['tiny:1b'] });
const files = plan.steps.flatMap((step) =>
  step.kind === 'file' && step.content.kind === 'text' ? [{ path: step.path, text: step.content.text }] : [],
);
const commands = plan.steps.flatMap((step) => (step.kind === 'command' ? [step] : []));

/** Python's own parser: it takes nothing that Apple's would not. */
function parsePlist(text: string): unknown {
  const program = 'import plistlib,sys,json; print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))';
  const done = spawnSync('python3', ['-c', program], { input: text, encoding: 'utf8' });
  return done.status === 0 ? JSON.parse(done.stdout) : undefined;
}

const JOB: Job = {
  label: 'dev.hardshell.test',
  program: ['/bin/a', '<b> & "c"'],
  user: '_hardshell',
  group: '_hardshell',
  environment: {},
  log: '/private/var/log/x.log',
  when: { kind: 'kept', flag: '/private/var/hardshell/stopped' },
};

describe('the plan for macOS (made and checked here, never run on a Mac)', () => {
  test('says so', () => {
    expect(plan.notes.join('\n')).toMatch(/never run on a Mac/);
  });

  test.each(files.filter(({ path }) => path.endsWith('.plist')))(
    '$path is a property list with our keys only',
    ({ text }) => {
      const parsed = jobSchema.safeParse(parsePlist(text));
      expect(parsed.error?.issues ?? []).toEqual([]);
    },
  );

  test('the parser and the schema refuse what launchd would', () => {
    expect(parsePlist('<!-- first --><?xml version="1.0"?><plist><dict/></plist>')).toBeUndefined();
    const good = parsePlist(renderJob(JOB)) as Record<string, unknown>;
    expect(good['ProgramArguments']).toEqual(JOB.program);
    expect(jobSchema.safeParse(good).success).toBe(true);
    for (const wrong of [{ KeepAlive: true }, { Umask: 18 }, { ProgramArguments: ['node'] }, { Labl: 'x' }])
      expect(jobSchema.safeParse({ ...good, ...wrong }).success).toBe(false);
    expect(() => renderPlist({ a: 'x\u0000' })).toThrow(/XML/);
  });

  test('a job that a stop has ended is not started over while the flag of the stop is there', () => {
    expect(parsePlist(renderJob(JOB))).toMatchObject({
      KeepAlive: { SuccessfulExit: false, PathState: { '/private/var/hardshell/stopped': false } },
      Umask: 0o077,
    });
  });

  test('accounts are hidden, below 500, without shell or password, each with a group of its own', () => {
    for (const { name, id } of Object.values(MAC_ACCOUNTS)) {
      const lines = commands.map(({ argv }) => argv.join(' ')).filter((line) => line.includes(`/${name}`));
      const has = (tail: string): boolean => lines.some((line) => line.endsWith(tail));
      expect(id).toBeLessThan(500);
      expect(has(`/Groups/${name} PrimaryGroupID ${id}`)).toBe(true);
      expect(has(`/Users/${name} PrimaryGroupID ${id}`)).toBe(true);
      expect(has(`/Users/${name} IsHidden 1`)).toBe(true);
      expect(has(`/Users/${name} UserShell /usr/bin/false`)).toBe(true);
      expect(has(`/Users/${name} Password *`)).toBe(true);
      expect(lines.filter((line) => line.includes('admin') || line.includes('staff'))).toEqual([]);
    }
  });

  test('every command names its program by its whole path and how it is undone', () => {
    for (const { argv, undo, check } of commands) {
      expect(argv[0]).toMatch(/^\/(?:usr\/)?s?bin\//);
      expect(check[0]).toMatch(/^\/(?:usr\/)?s?bin\//);
      if (undo !== null) expect(undo[0]).toMatch(/^\/(?:usr\/)?s?bin\//);
    }
  });

  test('the anchor stands before the rules of others, and the system’s own file is not touched', () => {
    const main = files.find(({ path }) => path.endsWith('/pf.conf'))?.text ?? '';
    expect(main.indexOf('anchor "hardshell"')).toBeGreaterThan(0);
    expect(main.indexOf('anchor "hardshell"')).toBeLessThan(main.indexOf('\nanchor "com.apple/*"'));
    expect(files.map(({ path }) => path)).not.toContain('/etc/pf.conf');
  });
});

describe('the sandbox profile of the executor', () => {
  const places = {
    code: '/usr/local/lib/hardshell/x',
    home: '/private/var/h "q" \\',
    run: '/private/var/run/hardshell',
  };
  const text = renderProfile(executorRules(places));

  test('is well formed, denies by default, and names only what we know', () => {
    expect(lintProfile(text)).toEqual([]);
    expect(files.filter(({ path }) => path.endsWith('.sb')).map(({ text }) => lintProfile(text))).toEqual([[]]);
  });

  test('keeps a path a path, whatever is in it', () => {
    const texts = JSON.stringify(parseForms(text));
    expect(texts).toContain(JSON.stringify(`${places.home}/keys`));
  });

  test('allows no network but sockets below its run directory, and no program but its Node', () => {
    const lines = text.split('\n');
    expect(
      lines
        .filter((line) => /allow network/.test(line))
        .every((line) => line.includes(`unix-socket (subpath "${places.run}")`)),
    ).toBe(true);
    expect(lines.filter((line) => line.includes('process-exec'))).toEqual([
      `(allow process-exec (literal "${places.code}/bin/node"))`,
    ]);
    expect(lines.filter((line) => line.includes('process-fork'))).toEqual([]);
  });

  test('refuses a path that is a link on macOS', () => {
    expect(() => executorRules({ ...places, run: '/var/run/hardshell' })).toThrow(/private/);
  });

  test.each([
    ['(version 1)\n(allow default)', /does not deny by default/],
    ['(version 1)\n(deny default)\n(allow file-read*)', /without a limit/],
    ['(version 1)\n(deny default)\n(allow file-raed* (literal "/x"))', /no operation/],
    ['(version 1)\n(deny default)\n(allow file-read* (literal "/var/x"))', /no real absolute path/],
    ['(version 1)\n(deny default)\n(allow file-read* (litral "/x"))', /no filter/],
    ['(version 1)\n(deny default', /not closed/],
    ['(version 1)\n(deny default))', /closes that was not opened/],
    ['(version 1)\n(deny default)\n(allow file-read* (literal "/x))', /text does not end/],
  ])('the check refuses %j', (wrong, problem) => {
    expect(lintProfile(wrong).join('; ')).toMatch(problem);
  });
});
