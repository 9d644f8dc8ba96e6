import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lastWords, sizeOfLog } from '../../src/supervisor/last-words.ts';

const PATHS = { inside: '/var/lib/hardshell', home: '/home/ann/.hardshell' };

describe('what a process said before it ended', () => {
  let base: string;
  let log: string;
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'hs-words-'));
    log = join(base, 'zone1-executor.log');
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));

  it('is its last sentence to the owner, with the paths that the owner knows, and nothing that drives a terminal', () => {
    writeFileSync(log, 'noise\nhardshell: first\nhardshell: `/var/lib/hardshell/audit` is \u001b[2Jmissing\nstack\n');
    expect(lastWords(log, 0, PATHS)).toBe('`/home/ann/.hardshell/audit` is ?[2Jmissing');
  });

  it('is never what an earlier start has said, unless the log was rotated meanwhile', () => {
    writeFileSync(log, 'hardshell: of yesterday\n');
    const before = sizeOfLog(log);
    expect(lastWords(log, before, PATHS)).toBeNull();
    appendFileSync(log, 'hardshell: of today\n');
    expect(lastWords(log, before, PATHS)).toBe('of today');
    writeFileSync(log, 'hardshell: new\n');
    expect(lastWords(log, before, PATHS)).toBe('new');
  });

  it('is nothing when there is no log', () => {
    expect(sizeOfLog(log)).toBe(0);
    expect(lastWords(log, 0, PATHS)).toBeNull();
  });
});
