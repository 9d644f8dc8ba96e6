import { closeSync, cpSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { kill } from '../../../src/cli/commands/kill.ts';
import { revive } from '../../../src/cli/commands/revive.ts';
import { defineSuite, trial, type Attack, type Suite, type Trial } from '../attack.ts';
import { freeze, tryKill } from '../lab/processes.ts';
import { becomes, sleep } from '../lab/wait.ts';
import { brief, isCut } from '../lab/wire.ts';
import { closePlannerLab, letter, openPlannerLab, type PlannerLab } from './lab.ts';
import { sendsRightly } from './tokens.ts';

const GONE_MS = 5_000;

/** The stop, against whoever would not be stopped. Every trial ends with an instance that runs again. */
export const stop: Suite = defineSuite<PlannerLab>({
  name: 'stop',
  title: 'the stop',
  open: openPlannerLab,
  close: closePlannerLab,
  attacks: [
    stopped('stp-01', 'nothing in its way', () => undefined),
    stopped('stp-02', 'the executor stopped by SIGSTOP', ({ instance }) => freeze(instance.pidsOf('zone1-executor'))),
    stopped('stp-03', 'the supervisor stopped by SIGSTOP', ({ instance }) => freeze([instance.supervisorPid])),
    stopped('stp-04', 'executor, connector and supervisor stopped by SIGSTOP', ({ instance }) =>
      freeze([...instance.pidsOf('zone1-executor'), ...instance.pidsOf('connector-maildir'), instance.supervisorPid]),
    ),
    stopped('stp-05', 'the supervisor killed before', ({ instance }) => void tryKill(instance.supervisorPid)),
    stopped('stp-06', 'the record of what runs destroyed', ({ instance }) => {
      const fd = openSync(instance.paths.zonesRecord, 'w');
      writeSync(fd, '{"zones":"none"}');
      closeSync(fd);
    }),
    inOutbox(),
    byHand(),
    refusedUntilRevived(),
    olderRecord(),
  ],
});

async function killNow(
  { instance }: PlannerLab,
  simulate = false,
): Promise<{ code: number; elapsedMs: number; out: string }> {
  const startedAt = performance.now();
  let out = '';
  const code = await kill(
    { simulate, json: true },
    { out: (line) => (out += line), err: (line) => (out += line), env: { HARDSHELL_HOME: instance.home } },
  );
  return { code, elapsedMs: Math.round(performance.now() - startedAt), out };
}

async function reviveNow({ instance }: PlannerLab, somebody = true): Promise<number> {
  return revive(
    {
      json: true,
      provePresence: () =>
        Promise.resolve(somebody ? { ok: true, method: 'terminal' } : { ok: false, reason: 'nobody is here' }),
    },
    { out: () => undefined, err: () => undefined, env: { HARDSHELL_HOME: instance.home } },
  );
}

/** Makes sure that the instance runs, whatever an attack left. */
async function standUp(lab: PlannerLab): Promise<void> {
  await lab.instance.gone();
  if (lab.instance.processes().length > 0 || (await reviveNow(lab)) !== 0)
    await killNow(lab).then(() => reviveNow(lab));
  await lab.instance.up();
}

async function restored(lab: PlannerLab): Promise<Trial> {
  const sent = await sendsRightly(lab);
  return trial(sent.ok, `revived and started; ${sent.saw}`);
}

function stopped(id: string, title: string, before: (lab: PlannerLab) => Promise<void> | void): Attack<PlannerLab> {
  return {
    id,
    attacker: 'planner',
    title: `\`kill\` with ${title}`,
    expect: 'nothing is left running, the right to run is void, `up` is refused',
    attack: async (lab) => {
      await before(lab);
      const { code, elapsedMs } = await killNow(lab);
      await lab.instance.gone();
      const left = lab.instance.processes().length;
      const refused = await lab.instance.tryUp();
      await standUp(lab);
      return trial(
        code === 0 && left === 0 && refused === 1,
        `${left} left after ${elapsedMs} ms, \`up\` ${refused === 1 ? 'refused' : 'NOT refused'}`,
      );
    },
    twin: 'revived by a person it starts and sends again',
    allowed: restored,
  };
}

function inOutbox(): Attack<PlannerLab> {
  return {
    id: 'stp-07',
    attacker: 'planner',
    title: 'an approved act in the outbox, to be sent after the stop and the revival',
    expect: 'never sent; the zone is cut off',
    attack: async (lab) => {
      const params = letter();
      const { rid, token } = await lab.zone.approved(params);
      const answers = await lab.zone.execute(token, params);
      await killNow(lab);
      const cut = await lab.zone.wire.ask({ type: 'ping' });
      await standUp(lab);
      await sleep(2_500);
      const sent = lab.instance.sentWith(params.subject);
      const state = lab.instance.text('SELECT state FROM journal WHERE rid = ?', rid);
      return trial(
        sent === 0 && isCut(cut) && answers['type'] === 'result' && state === 'failed',
        `${sent} sent, ${state}, zone ${brief(cut)}`,
      );
    },
    twin: 'revived by a person it starts and sends again',
    allowed: restored,
  };
}

function byHand(): Attack<PlannerLab> {
  return {
    id: 'stp-08',
    attacker: 'neighbour',
    title: 'any stop source: 512 zeros over `armed`, needing neither key nor executor',
    expect: 'everything has ended within a second',
    attack: async (lab) => {
      const fd = openSync(join(lab.instance.home, 'armed'), 'r+');
      writeSync(fd, Buffer.alloc(512));
      closeSync(fd);
      const startedAt = performance.now();
      const gone = await becomes(() => lab.instance.processes().length === 0, GONE_MS);
      const elapsedMs = Math.round(performance.now() - startedAt);
      await standUp(lab);
      // The measure of a busy machine is not a promise; that it ends is.
      return trial(gone, `gone after ${elapsedMs} ms`);
    },
    twin: 'revived by a person it starts and sends again',
    allowed: restored,
  };
}

function refusedUntilRevived(): Attack<PlannerLab> {
  return {
    id: 'stp-09',
    attacker: 'neighbour',
    title: 'started again after a stop: by `up`, by `revive` with nobody there',
    expect: 'refused; only a person revives',
    attack: async (lab) => {
      await killNow(lab);
      await lab.instance.gone();
      const [up, nobody, again] = [await lab.instance.tryUp(), await reviveNow(lab, false), await lab.instance.tryUp()];
      await standUp(lab);
      return trial(up === 1 && nobody === 1 && again === 1, `up ${up}, revive ${nobody}, up ${again}`);
    },
    twin: '`kill --simulate` stops nothing',
    allowed: async (lab) => {
      const { code } = await killNow(lab, true);
      const pong = await lab.zone.ask({ type: 'ping' });
      return trial(code === 0 && pong['type'] === 'pong', brief(pong));
    },
  };
}

function olderRecord(): Attack<PlannerLab> {
  return {
    id: 'stp-10',
    attacker: 'owner’s files',
    title: '`armed` and its key of before the stop put back',
    expect: 'older than the stop on record: refused',
    attack: async (lab) => {
      const { home } = lab.instance;
      const saved = join(lab.instance.base, 'saved');
      cpSync(join(home, 'armed'), join(saved, 'armed'));
      cpSync(join(home, 'keys', 'armed.key'), join(saved, 'armed.key'));
      await killNow(lab);
      await lab.instance.gone();
      cpSync(join(saved, 'armed'), join(home, 'armed'));
      cpSync(join(saved, 'armed.key'), join(home, 'keys', 'armed.key'));
      const code = await lab.instance.tryUp();
      const said = lab.instance.said.includes('older');
      await killNow(lab);
      await standUp(lab);
      return trial(
        code === 1 && said,
        code === 1 ? 'refused as older' : `started, ${readFileSync(join(home, 'armed')).length}`,
      );
    },
    twin: 'revived by a person it starts and sends again',
    allowed: restored,
  };
}
