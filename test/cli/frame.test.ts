import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS, LATER_COMMANDS, VERSION } from '../../src/cli/index.ts';
import { defaultConfigText } from '../../src/config/index.ts';
import { CliUnderTest } from './support/run-cli.ts';

let cli: CliUnderTest;
beforeAll(async () => {
  cli = await CliUnderTest.pack();
});
afterAll(() => cli.remove());

const ESC = '\u001b';

describe('help', () => {
  it('names every group and single command, and none of a later part', async () => {
    const { code, stdout, stderr } = await cli.run(['--help']);
    expect([code, stderr]).toEqual([0, '']);
    for (const { name } of COMMANDS) expect(stdout).toContain(`\n  ${name.split(' ')[0] ?? ''}`);
    for (const name of LATER_COMMANDS.keys()) if (name !== 'zone exec') expect(stdout).not.toContain(`\n  ${name} `);
  });

  it('shows a working example for every command', () => {
    for (const { name, examples } of COMMANDS) {
      expect(examples.length, name).toBeGreaterThan(0);
      for (const [line] of examples) expect(line).toMatch(new RegExp(`^(?:sudo )?hardshell ${name}(?: |$)`));
    }
  });

  it('of a command holds options and examples', async () => {
    const { code, stdout } = await cli.run(['approvals', 'approve', '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/--typed <address>[\s\S]*Examples:\n {2}hardshell approvals approve a_7qk/);
  });

  it('gives the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(VERSION).toBe(version);
    expect(await cli.run(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
  });
});

describe('wrong use', () => {
  it.each([
    [['approvls'], 'unknown command `approvls`; did you mean `approvals`?'],
    [['approvals', 'shwo', 'x'], 'unknown command `shwo`; did you mean `show`?'],
    [['approvals', 'show'], 'missing required argument `id`; see `hardshell approvals show --help`'],
    [['status', 'extra'], 'too many arguments: it takes none; see `hardshell status --help`'],
    [['inbox', 'show', 'a', 'b'], 'too many arguments: it takes 1, not 2; see `hardshell inbox show --help`'],
    [['chat', 'x', '--item', 'a', '--item', 'b'], '`--item` is given twice; give it once'],
    [['kill', '--now'], 'unknown option `--now`'],
    [['inbox', 'list', '--limit', '0'], '`--limit` is a whole number from 1 to 10000'],
    [['policy', 'explain'], 'name what to explain'],
    [['chat'], 'say what the agent shall do'],
    [['chat', ''], 'say what the agent shall do'],
    [['config', 'set', 'mail.name'], 'give pairs of a key and a value'],
    [['contacts', 'add', 'Ann <ann@example.org>', 'Ann'], 'is not a plain mail address'],
    [['audit-log', 'show', 'x'], 'an entry is named by its number'],
  ])('%j exits 2 with one sentence', async (args, sentence) => {
    const { code, stdout, stderr } = await cli.run(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(/^hardshell: /);
    expect(stderr).toContain(sentence);
  });

  it.each([
    [['approvls'], 'unknown command `approvls`; did you mean `approvals`?'],
    [['approvals', 'show'], 'missing required argument `id`; see `hardshell approvals show --help`'],
    [['kill', '--now'], 'unknown option `--now`; see `hardshell kill --help`'],
    [['approvals'], 'name a command; see `hardshell approvals --help`'],
    [['chat', ''], 'say what the agent shall do'],
  ])('%j with --json is one object on standard output', async (args, sentence) => {
    for (const line of [
      [...args, '--json'],
      ['--json', ...args],
    ]) {
      const { code, stdout, stderr } = await cli.run(line);
      expect([code, stderr]).toEqual([2, '']);
      const told = JSON.parse(stdout) as { message: string };
      expect(told).toMatchObject({ ok: false, error: 'wrong_use' });
      expect(told.message).toContain(sentence);
    }
  });

  it('prints nothing that could drive a terminal', async () => {
    for (const args of [
      [`${ESC}[2Jx`],
      ['status', `--${ESC}[31m`],
      ['approvals', 'show', `${ESC}]0;x\u0007`],
      ['config', 'get', 'a\u202eb'],
    ]) {
      const { code, stdout, stderr } = await cli.run(args);
      expect(code).not.toBe(0);
      expect(stdout + stderr).toMatch(/^[\n -~]*$/);
    }
  });
});

describe('what is not there', () => {
  it.each([...LATER_COMMANDS].filter(([name]) => ['zone exec', 'vault', 'breaker', 'run', 'install'].includes(name)))(
    '`%s` says that it comes with part %i',
    async (name, part) => {
      const { code, stderr } = await cli.run([...name.split(' '), 'x', '--flag']);
      expect([code, stderr]).toEqual([1, `hardshell: \`hardshell ${name}\` comes with part ${part}\n`]);
    },
  );

  it.each([
    ['approvals list'],
    ['inbox list'],
    ['chat hi'],
    ['contacts list'],
    ['status'],
    ['approvals deny a_a'],
    ['config confirm'],
    ['policy confirm'],
  ])('`%s` says that nothing runs, and what to do', async (line) => {
    const { code, stdout, stderr } = await cli.run(line.split(' '));
    expect(code).toBe(1);
    expect(stdout + stderr).toMatch(/is not running; start it with `hardshell up`/i);
  });

  it('says it in JSON for programs', async () => {
    const { code, stdout, stderr } = await cli.run(['approvals', 'list', '--json']);
    expect([code, stderr]).toEqual([1, '']);
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      error: 'not_running',
      message: 'hardshell is not running; start it with `hardshell up`',
    });
    expect(JSON.parse((await cli.run(['--json', 'status'])).stdout)).toMatchObject({ running: false, ready: false });
  });
});

describe('config', () => {
  const path = (): string => join(cli.paths.home, 'hardshell.json');

  it('gets, sets and validates, keeping comments and refusing what is invalid', async () => {
    writeFileSync(path(), defaultConfigText());
    expect(await cli.run(['config', 'get', 'approvals.questionsPerDay'])).toMatchObject({ code: 0, stdout: '20\n' });
    expect(await cli.run(['config', 'set', 'approvals.questionsPerDay', '12', 'mail.name', 'Ann Lee'])).toMatchObject({
      code: 0,
    });
    expect(readFileSync(path(), 'utf8')).toContain('// your own address');
    expect(JSON.parse((await cli.run(['config', 'get', '--json'])).stdout)).toMatchObject({
      approvals: { questionsPerDay: 12 },
      mail: { name: 'Ann Lee' },
    });
    expect(await cli.run(['config', 'validate'])).toMatchObject({ code: 0 });
    const before = readFileSync(path(), 'utf8');
    const refused = await cli.run(['config', 'set', 'approvals.questionsPerDay', '0']);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('`approvals.questionsPerDay` must be a whole number');
    expect(readFileSync(path(), 'utf8')).toBe(before);
  });

  it('names the nearest key, in get and in set', async () => {
    for (const args of [
      ['get', 'mail.adress'],
      ['set', 'mail.adress', 'x'],
    ]) {
      const { code, stderr } = await cli.run(['config', ...args]);
      expect(code).toBe(2);
      expect(stderr).toContain('did you mean `mail.address`?');
    }
  });

  it('lists every problem of a file with its line', async () => {
    const file = join(cli.folder, 'bad.json');
    writeFileSync(file, '{\n  mail: { adress: 1 },\n  gateway: {},\n}');
    const { code, stdout } = await cli.run(['config', 'validate', file]);
    expect(code).toBe(1);
    expect(stdout).toBe(
      `${file}: line 2: \`mail.adress\` is unknown; did you mean \`mail.address\`?\n${file}: line 3: \`gateway\` is not built yet: it comes with part 4; remove it\n`,
    );
    expect(JSON.parse((await cli.run(['config', 'validate', file, '--json'])).stdout)).toMatchObject({
      ok: false,
      problems: [{ line: 2 }, { line: 3 }],
    });
  });
});

it('takes another home for one command', async () => {
  const { stdout } = await cli.run(['status', '--json', '--home', join(cli.folder, 'elsewhere')]);
  expect(JSON.parse(stdout)).toMatchObject({ home: join(cli.folder, 'elsewhere') });
});
