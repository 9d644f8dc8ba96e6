import { verifyLog, type VerifyReport } from '../../../audit/index.ts';
import { saw, type Evidence } from '../../baseline/index.ts';
import { failed, notYet, passed, type Bench, type PointCheck, type StopTrial } from '../point.ts';

const REVIVE = 'find out why it was stopped, then run `hardshell revive`';

/** The right to run is there, and each way to take it works. Z4.6. */
export async function testKillSwitch(bench: Bench): Promise<readonly PointCheck[]> {
  return [
    await testArmed(bench),
    await testLevers(bench),
    notYet('remote triggers (message, bot, web) come with part 5'),
  ];
}

async function testArmed(bench: Bench): Promise<PointCheck> {
  const armed = bench.readArmed();
  const killed = bench.killedEpoch();
  const said = armed.kind === 'armed' ? `armed, epoch ${armed.epoch}` : `void: ${armed.reason.replaceAll('_', ' ')}`;
  const evidence = [
    saw('armed', said),
    saw('audit', killed === 0 ? 'no stop is on the record' : `the last stop was of epoch ${killed}`),
  ];
  if (armed.kind !== 'armed')
    return failed({ found: 'the armed record is void: it is stopped', evidence, remedy: REVIVE });
  if (armed.epoch <= killed)
    return failed({ found: 'the armed record is from before the last stop', evidence, remedy: REVIVE });
  const status = await bench.supervisor();
  if (status !== null && status.armed_epoch !== armed.epoch)
    return failed({
      found: 'what runs was started under another armed record',
      evidence,
      remedy: 'restart it with `hardshell down` and `hardshell up`',
    });
  return passed('the armed record is whole and current', evidence);
}

const NEEDED = ['armed record', 'supervisor', 'processes'];

/** Tried, not pulled: each lever by itself, and whether they reach every process that runs. */
async function testLevers(bench: Bench): Promise<PointCheck> {
  const trial = await bench.tryStop();
  const status = await bench.supervisor();
  const evidence: Evidence[] = trial.levers.map(({ name, ok, detail }) =>
    saw(`lever: ${name}`, `${ok ? 'works' : 'does not work'}: ${detail}`),
  );
  const broken = NEEDED.filter((name) => !trial.levers.some((lever) => lever.name === name && lever.ok));
  const remedy = 'see `hardshell kill --simulate`; until it is mended, stop the machine itself';
  if (broken.length > 0) return failed({ found: `does not work: ${broken.join(', ')}`, evidence, remedy });
  const missed = unreached(trial, status?.zones ?? []);
  if (missed.length > 0) return failed({ found: `a stop would not reach ${missed.join(', ')}`, evidence, remedy });
  return passed(`the levers work and reach ${trial.reached.length} processes`, evidence);
}

function unreached(
  { reached }: StopTrial,
  zones: readonly { readonly name: string; readonly pid: number | null }[],
): string[] {
  // Readers may have been replaced between the two questions; who stays has to be reached.
  const standing = zones.filter(({ name }) => !/\.\w+$/.test(name));
  return standing.filter(({ pid }) => pid !== null && !reached.includes(pid)).map(({ name }) => name);
}

const KEEP = 'see `hardshell audit-log verify`; keep a copy of `audit/` before you change anything';

/** The whole record, verified from raw bytes, and compared with what the database says that it holds. Z5.1. */
export async function testAuditChain({ auditDir, recordedEntries }: Bench): Promise<readonly PointCheck[]> {
  // Before and after: the log may grow while it is read.
  const before = recordedEntries();
  const report = await verifyLog(auditDir, { threads: 1 });
  const after = recordedEntries();
  if (report.kind === 'missing')
    return [failed({ found: 'there is no log', evidence: [saw(auditDir, report.message)], remedy: KEEP })];
  return [
    judgeChains(report, auditDir),
    judgeLength(report, before === null || after === null ? null : { least: before.least, most: after.most }),
  ];
}

type Checked = Extract<VerifyReport, { kind: 'checked' }>;

function judgeChains({ chain, others, checkpoint }: Checked, auditDir: string): PointCheck {
  const evidence = [
    saw(
      auditDir,
      chain.kind === 'valid'
        ? `Chain integrity: VALID (${chain.entries} entries)`
        : chain.kind === 'broken'
          ? `Chain integrity: BROKEN at entry ${chain.entry}`
          : 'the log is empty',
    ),
    ...others.map((other) =>
      saw(other.log, other.chain.kind === 'broken' ? `BROKEN at entry ${other.chain.entry}` : other.chain.kind),
    ),
    saw(
      'checkpoint',
      checkpoint.kind === 'verified'
        ? `verified up to ${checkpoint.size}`
        : 'none from outside: what was rewritten as a whole is not seen',
    ),
  ];
  if (chain.kind !== 'valid' || others.some((other) => other.chain.kind === 'broken'))
    return failed({
      found: chain.kind === 'empty' ? 'the log is empty' : 'the chain is broken',
      evidence,
      remedy: KEEP,
    });
  return passed(`the chain is valid, ${chain.entries} entries`, evidence);
}

function judgeLength(
  { chain }: Checked,
  recorded: { readonly least: number; readonly most: number } | null,
): PointCheck {
  const entries = chain.kind === 'valid' ? chain.entries : 0;
  if (recorded === null)
    return failed({ found: 'cannot tell: the database does not say how long the log is', evidence: [], remedy: KEEP });
  const evidence = [saw('state.db', `between ${recorded.least} and ${recorded.most} entries; the log has ${entries}`)];
  if (entries < recorded.least) return failed({ found: 'lines were removed from the end', evidence, remedy: KEEP });
  if (entries > recorded.most) return failed({ found: 'the database is older than the log', evidence, remedy: KEEP });
  return passed('the log is as long as the database says', evidence);
}
