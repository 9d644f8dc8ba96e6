import { named, saw } from '../../baseline/index.ts';
import type { ZoneProcess } from '../inspect.ts';
import {
  failed,
  listIds,
  notYet,
  NOT_RUNNING,
  passed,
  type Bench,
  type PointCheck,
  type SupervisorStatus,
  type ZoneProof,
} from '../point.ts';

const REMEDY = 'run `hardshell kill` now, then find out why: look at `hardshell status` and the log of that zone';

/**
 * No program of the zone can speak to anybody but over its socket: the running ones are looked at from outside, and every
 * attack of the list is run in zones like them.
 */
export async function testMute(bench: Bench, prefix: 'zone2' | 'zone3'): Promise<readonly PointCheck[]> {
  const status = await bench.supervisor();
  if (status === null) return [failed(NOT_RUNNING)];
  return [await lookFromOutside(bench, status, prefix), ...judgeProofs(await bench.proofs(), prefix)];
}

const TRIES = 20;
const PAUSE_MS = 250;

/** Readers are discarded after a message: whoever ended between the question and the look is asked for anew. */
async function lookFromOutside(bench: Bench, first: SupervisorStatus, prefix: string): Promise<PointCheck> {
  let looked = lookAtZones(bench, first, prefix);
  for (let tried = 1; looked.length === 0 && tried < TRIES; tried++) {
    await bench.pause(PAUSE_MS);
    const status = await bench.askSupervisor();
    looked = status === null ? [] : lookAtZones(bench, status, prefix);
  }
  const evidence = looked.map(({ name, seen }) => saw(`${name}, process ${seen.pid}`, describe(seen)));
  const open = looked.flatMap(({ name, seen }) => problemsOf(seen).map((what) => `${named(name)} ${what}`));
  if (open.length > 0) return failed({ found: open.slice(0, 4).join('; '), evidence, remedy: REMEDY });
  if (looked.length === 0)
    return failed({ found: 'no such zone could be looked at', evidence, remedy: 'see `hardshell zone list`' });
  return passed(
    `${looked.length} running ${looked.length === 1 ? 'zone is' : 'zones are'} walled in as seen from outside`,
    evidence,
  );
}

interface Looked {
  readonly name: string;
  readonly seen: ZoneProcess;
}

function lookAtZones(bench: Bench, { zones }: SupervisorStatus, prefix: string): readonly Looked[] {
  return zones
    .filter(({ name, running }) => running && name.startsWith(`${prefix}-`))
    .flatMap(({ name, pid }) => {
      const seen = pid === null ? null : bench.inspectZone(pid);
      return seen === null ? [] : [{ name, seen }];
    });
}

function describe({ interfaces, routes, seccomp, noNewPrivs, capEff, shared, uid }: ZoneProcess): string {
  const network = interfaces === null ? 'not to be read' : `${interfaces.join(' ')} with ${routes ?? 'unknown'} routes`;
  return `network ${network}; seccomp ${seccomp}; no new privileges ${noNewPrivs}; capabilities ${capEff}; shares ${shared.join(' ') || 'no namespace'}; uid ${uid}`;
}

function problemsOf({ interfaces, routes, seccomp, noNewPrivs, capEff, shared }: ZoneProcess): string[] {
  return [
    shared.length === 0 ? '' : `shares the ${shared.join(', ')} namespace with the host`,
    interfaces === null || routes === null ? 'does not show its network' : '',
    interfaces === null || interfaces.every((name) => name === 'lo') ? '' : 'has a network interface besides lo',
    routes === null || routes === 0 ? '' : 'has a route out',
    seccomp === '2' ? '' : 'runs without its filter of system calls',
    noNewPrivs === '1' ? '' : 'may gain privileges',
    /^0+$/.test(capEff) ? '' : 'has capabilities',
  ].filter((problem) => problem !== '');
}

function judgeProofs(proofs: readonly ZoneProof[] | 'absent' | 'left_out', prefix: string): readonly PointCheck[] {
  if (proofs === 'absent') return [notYet('the attack list that runs inside the zones does not come with this build')];
  if (proofs === 'left_out') return [notYet('the attacks were left out (`--quick`), and prove nothing')];
  const own = proofs.filter(({ zone }) => zone === prefix || zone.startsWith(`${prefix}-`));
  if (own.length === 0)
    return [failed({ found: 'no attack was run in such a zone', evidence: [], remedy: 'see `hardshell doctor`' })];
  return own.map(judgeProof);
}

/** Attacks that could not have been seen prove nothing: where they are as many as the others, nothing is proven. */
function judgeProof({ zone, attempts, held, seen, open, cannotTell }: ZoneProof): PointCheck {
  const said = `${attempts} tried, ${held} held, ${seen} of them seen to arrive outside, ${open.length} open, ${cannotTell.length} without an answer`;
  const evidence = [saw(`attacks in ${zone}`, said)];
  if (open.length > 0)
    return failed({ found: `attacks in ${named(zone)} succeeded: ${listIds(open)}`, evidence, remedy: REMEDY });
  const remedy = 'run it again; if it stays, see `hardshell doctor`';
  if (held !== attempts) {
    const which = cannotTell.length === 0 ? '' : ` (no answer: ${listIds(cannotTell)})`;
    return failed({
      found: `of ${attempts} attacks in ${named(zone)} only ${held} are known to have held${which}`,
      evidence,
      remedy,
    });
  }
  if (seen * 2 <= attempts)
    return failed({
      found: `the attacks in ${named(zone)} prove too little: only ${seen} of ${attempts} arrive outside`,
      evidence,
      remedy,
    });
  return passed(
    `${held} of ${attempts} attacks in ${named(zone)} held; ${seen} of them were seen to arrive outside`,
    evidence,
  );
}
