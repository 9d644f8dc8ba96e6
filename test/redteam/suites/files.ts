import {
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { defineSuite, trial, type Attack, type Suite } from '../attack.ts';
import { becomes, sleep } from '../lab/wait.ts';
import { brief, isRefusal } from '../lab/wire.ts';
import {
  appendForged,
  changed,
  editLines,
  foreignHome,
  LOG,
  openFilesLab,
  outboxLines,
  removeDb,
  replaceAt,
  untouched,
  UNTOUCHED,
  type FilesLab,
} from './files-lab.ts';
import { closePlannerLab, letter } from './lab.ts';

const LINES_OF_SAVED = 3;

/** What somebody does to the home of an instance that does not run. */
export const files: Suite = defineSuite<FilesLab>({
  name: 'files',
  title: 'files changed behind the instance’s back',
  open: openFilesLab,
  close: closePlannerLab,
  attacks: [
    broken(
      'fil-01',
      'one byte of the log changed',
      (home) => editLines(home, (lines) => replaceAt(lines, 6, (line) => line.replace(/"time":"2/, '"time":"1'))),
      7,
    ),
    broken('fil-02', 'a line of the log removed', (home) => editLines(home, (lines) => lines.toSpliced(6, 1)), 7),
    broken(
      'fil-03',
      'two lines of the log exchanged',
      (home) => editLines(home, (lines) => [...lines.slice(0, 6), lines[7] ?? '', lines[6] ?? '', ...lines.slice(8)]),
      7,
    ),
    refusedStart('fil-04', 'the tail of the log cut off', (home) =>
      editLines(home, (lines) => lines.slice(0, -LINES_OF_SAVED)),
    ),
    refusedStart('fil-05', 'lines added to the log with a rightly computed chain', appendForged),
    refusedStart('fil-06', '`audit/` deleted', (home) => rmSync(join(home, 'audit'), { recursive: true })),
    refusedStart('fil-07', 'the log emptied', (home) => writeFileSync(join(home, LOG), '')),
    refusedStart('fil-08', 'an older `state.db` put back', (home, lab) => {
      removeDb(home);
      copyFileSync(lab.olderDb, join(home, 'state.db'));
    }),
    refusedStart('fil-09', '`state.db` deleted', (home) => removeDb(home)),
    refusedStart('fil-10', 'every second page of `state.db` and of its journal damaged', (home) => {
      for (const name of ['state.db', 'state.db-wal'].filter((one) => existsSync(join(home, one)))) {
        const bytes = readFileSync(join(home, name));
        for (let at = 4_096; at < bytes.length; at += 8_192) bytes.fill(0xff, at, Math.min(at + 4_096, bytes.length));
        writeFileSync(join(home, name), bytes);
      }
    }),
    refusedStart('fil-11', '`armed` deleted', (home) => unlinkSync(join(home, 'armed'))),
    refusedStart('fil-12', '`armed` copied from another install', (home, lab) =>
      copyFileSync(join(foreignHome(lab), 'armed'), join(home, 'armed')),
    ),
    refusedStart('fil-13', '`armed` and its key copied from another install', (home, lab) => {
      const other = foreignHome(lab);
      copyFileSync(join(other, 'armed'), join(home, 'armed'));
      rmSync(join(home, 'keys', 'armed.key'));
      copyFileSync(join(other, 'keys', 'armed.key'), join(home, 'keys', 'armed.key'));
    }),
    refusedStart('fil-14', '`armed` replaced by a link to a valid copy', (home) => {
      renameSync(join(home, 'armed'), join(home, 'armed.real'));
      symlinkSync('armed.real', join(home, 'armed'));
    }),
    refusedStart('fil-15', 'the epoch in `armed` raised by hand', (home) =>
      writeFileSync(
        join(home, 'armed'),
        readFileSync(join(home, 'armed'), 'latin1').replace('"epoch":1', '"epoch":9'),
        'latin1',
      ),
    ),
    refusedStart('fil-16', 'a home without its keys, passed off as a first start', (home) =>
      rmSync(join(home, 'keys'), { recursive: true }),
    ),
    refusedStart('fil-17', '`state.db` replaced by a link', (home) => {
      renameSync(join(home, 'state.db'), join(home, 'other.db'));
      symlinkSync('other.db', join(home, 'state.db'));
    }),
    outboxForged(),
    armedDeletedWhileRunning(),
    policyWhileStopped(),
    opened(),
  ],
});

function broken(id: string, title: string, change: (home: string) => void, entry: number): Attack<FilesLab> {
  return {
    id,
    attacker: 'owner’s files',
    title,
    expect: `\`verify\` says BROKEN at entry ${entry}; nothing starts on it`,
    attack: (lab) =>
      changed(lab, change, async (code) => {
        const report = await lab.instance.verify();
        const found = report.kind === 'checked' && report.chain.kind === 'broken' ? report.chain.entry : 0;
        return trial(
          found === entry && code === 1,
          `BROKEN at entry ${found}, ${code === 1 ? 'start refused' : 'it started'}`,
        );
      }),
    twin: UNTOUCHED,
    allowed: untouched,
  };
}

function refusedStart(id: string, title: string, change: (home: string, lab: FilesLab) => void): Attack<FilesLab> {
  return {
    id,
    attacker: 'owner’s files',
    title,
    expect: 'the start is refused with a sentence; nothing of the home is made anew',
    attack: (lab) =>
      changed(lab, change, async (code) => {
        const said = /hardshell: .+/.exec(lab.instance.said)?.[0] ?? '';
        return trial(
          code === 1 && said !== '',
          code === 1 ? said.slice(0, 140).replaceAll(lab.instance.base, '') : 'it started',
        );
      }),
    twin: UNTOUCHED,
    allowed: untouched,
  };
}

function outboxForged(): Attack<FilesLab> {
  return {
    id: 'fil-21',
    attacker: 'owner’s files',
    title: 'the log’s last lines removed, and other words for them planted in the database’s outbox',
    expect: 'the start is refused: only the very bytes that were chained are taken',
    attack: (lab) =>
      changed(
        lab,
        (home) => {
          const rows = outboxLines(lab).length;
          editLines(home, (lines) => lines.slice(0, -rows));
          lab.instance.corrupt(`UPDATE audit_outbox SET line = replace(line, '"time":"2', '"time":"1')`);
        },
        (code) => Promise.resolve(trial(code === 1, code === 1 ? 'refused' : 'it started')),
      ),
    twin: 'a log that lacks just those lines, the last one torn, is brought up to date byte for byte (a crash between database and log)',
    allowed: (lab) => {
      const rows = { count: 0, log: '' };
      return changed(
        lab,
        (home) => {
          rows.count = outboxLines(lab).length;
          rows.log = readFileSync(join(home, LOG), 'utf8');
          editLines(home, (lines) => lines.slice(0, -rows.count));
          writeFileSync(join(home, LOG), `${readFileSync(join(home, LOG), 'utf8')}{"v":1,"seq":`);
        },
        async (code) => {
          const report = await lab.instance.verify();
          const valid = report.kind === 'checked' && report.chain.kind === 'valid';
          const same = lab.instance.auditText().startsWith(rows.log);
          return trial(
            code === null && valid && same && rows.count > 0,
            `${rows.count} lines brought back, ${valid ? 'VALID' : 'not VALID'}`,
          );
        },
      );
    },
  };
}

function armedDeletedWhileRunning(): Attack<FilesLab> {
  return {
    id: 'fil-18',
    attacker: 'owner’s files',
    title: '`armed` deleted while the instance runs',
    expect: 'everything ends; an approved act is not sent',
    attack: async (lab) => {
      const params = letter();
      const { token } = await lab.zone.approved(params);
      return changed(
        lab,
        () => undefined,
        async () => {
          await sleep(50);
          unlinkSync(join(lab.instance.home, 'armed'));
          const gone = await becomes(() => lab.instance.processes().length === 0, 5_000);
          return trial(
            gone && token !== '' && lab.instance.sentWith(params.subject) === 0,
            gone ? 'all ended' : 'something runs on',
          );
        },
      );
    },
    twin: UNTOUCHED,
    allowed: untouched,
  };
}

function policyWhileStopped(): Attack<FilesLab> {
  return {
    id: 'fil-19',
    attacker: 'owner’s files',
    title: 'the policy replaced by one that permits all while nothing ran',
    expect: 'it is not loaded: outbound acts deny',
    attack: (lab) =>
      changed(
        lab,
        (home) =>
          writeFileSync(
            join(home, 'policy.cedar'),
            '@id("all") @approval("none") permit (principal, action, resource);\n',
          ),
        async () => {
          const answer = await lab.zone.sendEmail(letter());
          return trial(isRefusal(answer, 'policy_denied'), brief(answer));
        },
      ),
    twin: UNTOUCHED,
    allowed: untouched,
  };
}

function opened(): Attack<FilesLab> {
  return {
    id: 'fil-20',
    attacker: 'neighbour',
    title: 'modes widened so that others can read and write (home, keys, database, log)',
    expect: 'narrowed again before anything is served, and said',
    attack: (lab) =>
      changed(
        lab,
        (home) => {
          chmodSync(home, 0o777);
          for (const name of readdirSync(join(home, 'keys'))) chmodSync(join(home, 'keys', name), 0o666);
          for (const name of ['state.db', LOG, 'policy.cedar', 'armed']) chmodSync(join(home, name), 0o666);
        },
        async () => {
          const { home } = lab.instance;
          const paths = [
            home,
            ...readdirSync(join(home, 'keys')).map((name) => join(home, 'keys', name)),
            ...['state.db', LOG, 'policy.cedar', 'armed'].map((name) => join(home, name)),
          ];
          const open = paths.filter((path) => (statSync(path).mode & 0o077) !== 0);
          return trial(open.length === 0 && lab.instance.said.includes('narrowed'), `${open.length} open`);
        },
      ),
    twin: UNTOUCHED,
    allowed: untouched,
  };
}
