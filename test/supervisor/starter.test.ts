import { spawn, spawnSync, type StdioOptions } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const STARTER = join(import.meta.dirname, '..', '..', 'bin', 'hardshell');

describe('bin/hardshell', () => {
  let base: string;
  const put = (path: string, text: string): string => {
    const target = join(base, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
    return target;
  };
  const age = (path: string, seconds: number): void =>
    utimesSync(join(base, path), Date.now() / 1_000 - seconds, Date.now() / 1_000 - seconds);
  const run = (path = join(base, 'bin', 'hardshell'), args: string[] = []) =>
    spawnSync(process.execPath, [path, ...args], { encoding: 'utf8' });

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'hs-bin-'));
    mkdirSync(join(base, 'bin'));
    copyFileSync(STARTER, join(base, 'bin', 'hardshell'));
    chmodSync(join(base, 'bin', 'hardshell'), 0o755);
    const node = join(base, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin');
    mkdirSync(node, { recursive: true });
    symlinkSync(process.execPath, join(node, 'node'));
    put('node_modules/rolldown/package.json', '{}');
    put('package-lock.json', '{}');
    put(
      'scripts/build.mjs',
      "import fs from 'node:fs'; fs.appendFileSync('dist/cli/main.mjs', '\\n// built'); console.log('noise of the build');",
    );
    put(
      'dist/cli/main.mjs',
      'console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = Number(process.argv[2] ?? 0);',
    );
    put('src/x.ts', '');
    for (const path of ['src/x.ts', 'src', 'package-lock.json', 'scripts/build.mjs']) age(path, 1_000);
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));

  it('hands on arguments and exit code', () => {
    expect(run(undefined, ['3', '--json'])).toMatchObject({ status: 3, stdout: '["3","--json"]\n', stderr: '' });
  });

  it('works through a link', () => {
    const link = join(base, 'linked');
    symlinkSync(join(base, 'bin', 'hardshell'), link);
    expect(run(link, ['0'])).toMatchObject({ status: 0, stdout: '["0"]\n' });
  });

  it('builds when the source is newer, says so where it disturbs nobody, and not otherwise', () => {
    const later = Date.now() / 1_000 + 10;
    utimesSync(join(base, 'src/x.ts'), later, later);
    const built = run(undefined, ['0']);
    expect(built).toMatchObject({ status: 0, stdout: '["0"]\n' });
    expect(built.stderr).toBe('hardshell: building…\nnoise of the build\n');
    expect(readFileSync(join(base, 'dist/cli/main.mjs'), 'utf8')).toContain('// built');
    age('src/x.ts', 1_000);
    expect(run(undefined, ['0']).stderr).toBe('');
  });

  it('says what to run when nothing is installed or the build fails', () => {
    put('scripts/build.mjs', 'process.exit(1)');
    rmSync(join(base, 'dist'), { recursive: true });
    expect(run()).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('the build failed; run `npm run build` in') as string,
    });
    rmSync(join(base, 'node_modules'), { recursive: true });
    expect(run()).toMatchObject({ status: 1, stderr: expect.stringContaining('run `npm ci` in') as string });
  });

  it('hands on the descriptor that holds a passphrase, and answers for itself when it is not open', () => {
    put(
      'dist/cli/main.mjs',
      "import fs from 'node:fs'; process.stdout.write(fs.readFileSync(Number(process.argv[3] ?? process.argv[2].slice(16)), 'utf8'));",
    );
    const secret = put('secret', 'four random words');
    const ask = (args: string[], fd: number): { status: number | null; stdout: string } => {
      const file = openSync(secret, 'r');
      const stdio: StdioOptions = Array.from({ length: fd + 1 }, (_, at) =>
        at === fd ? file : at === 1 ? 'pipe' : 'ignore',
      );
      const { status, stdout } = spawnSync(process.execPath, [join(base, 'bin', 'hardshell'), ...args], {
        encoding: 'utf8',
        stdio,
      });
      closeSync(file);
      return { status, stdout };
    };
    expect(ask(['--passphrase-fd', '3'], 3)).toEqual({ status: 0, stdout: 'four random words' });
    expect(ask(['--new-passphrase-fd', '5'], 5)).toEqual({ status: 0, stdout: 'four random words' });
    expect(ask(['--passphrase-fd=9'], 9)).toEqual({ status: 0, stdout: 'four random words' });
    expect(ask(['--passphrase-fd', '900'], 3)).toEqual({ status: 1, stdout: '' });
  });

  it('hands on signals, and ends as its program ended', async () => {
    put(
      'dist/cli/main.mjs',
      "process.on('SIGTERM', () => { console.log('asked to end'); process.exit(5); }); setInterval(() => {}, 1e6); console.log('up');",
    );
    const child = spawn(process.execPath, [join(base, 'bin', 'hardshell')], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    const code = await new Promise((resolve) => {
      child.on('close', resolve);
      child.stdout.on('data', (chunk) => {
        said += String(chunk);
        if (said === 'up\n') child.kill('SIGTERM');
      });
    });
    expect({ said, code }).toEqual({ said: 'up\nasked to end\n', code: 5 });
  });

  it('is written in words that a Node of years ago reads', () => {
    const code = readFileSync(STARTER, 'utf8')
      .replace(/^\s*\/[/*].*$/gm, '')
      .replace(/'[^'\n]*'/g, '');
    for (const newer of [/=>/, /\b(?:const|let|class|async|await|import)\b/, /`/, /\?\./, /\?\?/, /catch \{/, /\.\.\./])
      expect(code).not.toMatch(newer);
  });
});
