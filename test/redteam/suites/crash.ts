import { defineSuite, trial, type Attack, type Suite, type Trial } from '../attack.ts';
import { freeze, tryKill } from '../lab/processes.ts';
import { eml, mark } from '../lab/mail.ts';
import { becomes, sleep, until } from '../lab/wait.ts';
import { brief, isRefusal, textOf } from '../lab/wire.ts';
import { closePlannerLab, letter, openPlannerLab, type PlannerLab } from './lab.ts';
import { sendsRightly } from './tokens.ts';

const AFTER = 'after the restart a mail is sent as ever, and the log is VALID';

/** SIGKILL at every durable step. After each: nothing twice, nothing without a grant, a valid log, the right outcome. */
export const crash: Suite = defineSuite<PlannerLab>({
  name: 'crash',
  title: 'SIGKILL at the durable steps',
  open: openPlannerLab,
  close: closePlannerLab,
  attacks: [
    killed(
      'crs-01',
      'after the question was recorded',
      'the question stands, with the same hash, and can be answered',
      async ({ instance, zone }) => {
        const params = letter();
        const rid = textOf(await zone.sendEmail(params), 'request_id');
        const before = await instance.owner.find(rid);
        await instance.killExecutor();
        const after = await instance.owner.find(rid);
        await instance.owner.approve(rid);
        const answer = await zone.execute(await zone.token(rid), params);
        const outcome = await zone.outcome(rid);
        return trial(
          after.ah === before.ah &&
            answer['type'] === 'result' &&
            outcome === 'succeeded' &&
            instance.sentWith(params.subject) === 1,
          outcome,
        );
      },
    ),
    killed(
      'crs-02',
      'after the approval (the grant is minted)',
      'approved and unredeemed is expired; nothing is sent',
      async ({ instance, zone }) => {
        const params = letter();
        const { rid, token } = await zone.approved(params);
        await instance.killExecutor();
        const spent = await zone.execute(token, params);
        const { state } = await until('the approval to end', async () => {
          const found = await instance.owner.find(rid);
          return found.state === 'expired' ? found : undefined;
        });
        return trial(
          isRefusal(spent, 'token_invalid') && state === 'expired' && instance.acts(rid) === 0,
          `${brief(spent)}, ${state}`,
        );
      },
    ),
    killed(
      'crs-03',
      'after the intent (it waits in the outbox)',
      'failed: not dispatched; nothing is sent',
      async ({ instance, zone }) => {
        const params = letter();
        const { rid, token } = await zone.approved(params);
        await zone.execute(token, params);
        await instance.killExecutor();
        await sleep(1_500);
        const state = instance.text('SELECT state FROM journal WHERE rid = ?', rid);
        return trial(
          state === 'failed' && instance.sentWith(params.subject) === 0,
          `${state}, ${instance.sentWith(params.subject)} sent`,
        );
      },
    ),
    killed(
      'crs-04',
      'after `dispatched`, before the provider has acted',
      'unknown, asked of the provider, then failed; nothing is sent',
      (lab) => aroundTheAct(lab, false),
    ),
    killed(
      'crs-05',
      'after the provider has acted, before the outcome is written',
      'unknown, asked of the provider, then succeeded; sent once',
      (lab) => aroundTheAct(lab, true),
    ),
    killed('crs-06', 'after the outcome', 'it stands; the token is spent', async ({ instance, zone }) => {
      const params = letter();
      const { rid, token } = await zone.approved(params);
      await zone.execute(token, params);
      await zone.outcome(rid);
      await instance.killExecutor();
      const again = await zone.execute(token, params);
      const state = instance.text('SELECT state FROM journal WHERE rid = ?', rid);
      return trial(
        state === 'succeeded' &&
          isRefusal(again, 'token_invalid', 'token_used') &&
          instance.sentWith(params.subject) === 1,
        `${state}, ${brief(again)}`,
      );
    }),
    killed(
      'crs-07',
      'between approval and act, by the neighbour who kills at the very answer',
      'never sent without its journal',
      async ({ instance, zone }) => {
        const params = letter();
        const { rid, token } = await zone.approved(params);
        const before = instance.pidsOf('zone1-executor');
        const answer = zone.execute(token, params);
        for (const pid of before) tryKill(pid);
        await answer;
        await instance.executorAgain(before);
        await sleep(1_500);
        const states = instance.text('SELECT group_concat(state) FROM journal WHERE rid = ?', rid);
        return trial(
          (states === '' || states === 'failed') && instance.sentWith(params.subject) === 0,
          states === '' ? 'no intent' : states,
        );
      },
    ),
    randomKills(),
    supervisorKilled(),
    connectorKilled(),
    readerKilled(),
  ],
});

function killed(
  id: string,
  title: string,
  expect: string,
  attack: (lab: PlannerLab) => Promise<Trial>,
): Attack<PlannerLab> {
  return {
    id,
    attacker: 'crash',
    title: `the executor killed ${title}`,
    expect,
    attack,
    twin: AFTER,
    allowed: afterwards,
  };
}

async function afterwards(lab: PlannerLab): Promise<Trial> {
  const sent = await sendsRightly(lab);
  const report = await lab.instance.verify();
  const valid = report.kind === 'checked' && report.chain.kind === 'valid';
  return trial(sent.ok && valid, `${sent.saw}, ${valid ? 'VALID' : 'not VALID'}`);
}

/** The connector is held by SIGSTOP so that the moment between `dispatched` and the outcome lasts. */
async function aroundTheAct({ instance, zone }: PlannerLab, acts: boolean): Promise<Trial> {
  const params = letter();
  const { rid, token } = await zone.approved(params);
  const connector = instance.pidsOf('connector-maildir');
  const executor = instance.pidsOf('zone1-executor');
  await freeze(connector);
  await zone.execute(token, params);
  const state = (): string => instance.text('SELECT state FROM journal WHERE rid = ?', rid);
  await dispatched(state);
  await freeze(executor);
  if (acts) {
    for (const pid of connector) tryKill(pid, 'SIGCONT');
    await until('the act', () => (instance.sentWith(params.subject) === 1 ? true : undefined));
  }
  for (const pid of executor) tryKill(pid);
  await instance.executorAgain(executor);
  const wanted = acts ? 'succeeded' : 'failed';
  const settled = await becomes(() => state() === wanted, 20_000);
  const sent = instance.sentWith(params.subject);
  return trial(settled && sent === (acts ? 1 : 0), `${state()}, ${sent} sent`);
}

async function dispatched(state: () => string): Promise<void> {
  if (await becomes(() => state() === 'dispatched', 15_000)) return;
  throw new Error(`it was never dispatched but is ${state() || 'unknown to the journal'}`);
}

function randomKills(): Attack<PlannerLab> {
  return {
    id: 'crs-08',
    attacker: 'crash',
    title: 'the executor killed at random moments of five acts at once, eight times',
    expect: 'nothing twice, nothing without a grant, outcomes as they happened',
    // What dies at once is started again later each time: up to 10 s.
    msMax: 240_000,
    attack: async ({ instance, zone }) => {
      const wrong: string[] = [];
      let sent = 0;
      for (let round = 0; round < 8; round += 1) {
        const acts = Array.from({ length: 5 }, () => ({ params: letter(), rid: '' }));
        const running = acts.map((one) => carryOut(zone, one).catch(() => undefined));
        await sleep(Math.random() * 2_200);
        await instance.killExecutor();
        await Promise.race([Promise.all(running), sleep(3_000)]);
        await sleep(1_300);
        for (const { params, rid } of acts) {
          const times = instance.sentWith(params.subject);
          sent += times;
          const states = rid === '' ? '' : instance.text('SELECT group_concat(state) FROM journal WHERE rid = ?', rid);
          const used =
            rid === ''
              ? 0
              : instance.count("SELECT count(*) FROM grants WHERE rid = ? AND state = 'used' AND apr IS NOT NULL", rid);
          if (
            times > 1 ||
            (times === 1 && (used !== 1 || states !== 'succeeded')) ||
            (times === 0 && states === 'succeeded')
          )
            wrong.push(`${times} sent, ${states}`);
        }
      }
      return trial(wrong.length === 0, wrong.length === 0 ? `40 acts, ${sent} sent, each once` : wrong.join('; '));
    },
    twin: AFTER,
    allowed: afterwards,
  };
}

async function carryOut(
  zone: PlannerLab['zone'],
  one: { params: ReturnType<typeof letter>; rid: string },
): Promise<void> {
  one.rid = textOf(await zone.sendEmail(one.params), 'request_id');
  await zone.instance.owner.approve(one.rid);
  await zone.execute(await zone.token(one.rid), one.params);
}

function supervisorKilled(): Attack<PlannerLab> {
  return {
    id: 'crs-09',
    attacker: 'crash',
    title: 'the supervisor killed, so that zones run on without it',
    expect: 'nothing of the instance is left running',
    attack: async ({ instance }) => {
      tryKill(instance.supervisorPid);
      const gone = await becomes(() => instance.processes().length === 0, 10_000);
      await instance.gone();
      await instance.down();
      await instance.up();
      return trial(gone, gone ? 'all ended' : 'something ran on');
    },
    twin: AFTER,
    allowed: afterwards,
  };
}

function connectorKilled(): Attack<PlannerLab> {
  return {
    id: 'crs-10',
    attacker: 'crash',
    title: 'the connector killed with an act in its hands',
    expect: 'the outcome is what happened; never sent twice',
    attack: async ({ instance, zone }) => {
      const params = letter();
      const { rid, token } = await zone.approved(params);
      const connector = instance.pidsOf('connector-maildir');
      await freeze(connector);
      await zone.execute(token, params);
      const state = (): string => instance.text('SELECT state FROM journal WHERE rid = ?', rid);
      await dispatched(state);
      for (const pid of connector) tryKill(pid);
      const ended = await becomes(() => state() === 'failed' || state() === 'succeeded', 30_000);
      const sent = instance.sentWith(params.subject);
      return trial(ended && sent === (state() === 'succeeded' ? 1 : 0), `${state()}, ${sent} sent`);
    },
    twin: AFTER,
    allowed: afterwards,
  };
}

function readerKilled(): Attack<PlannerLab> {
  const arrives = async ({ instance }: PlannerLab, meanwhile: () => void): Promise<Trial> => {
    const subject = mark('reader');
    meanwhile();
    instance.deliver(subject, eml({ subject }));
    meanwhile();
    const found = await until(
      'the mail',
      async () => (await instance.owner.inbox()).find((item) => item.subject === subject && item.state === 'read'),
      30_000,
    );
    return trial(found.state === 'read', found.state);
  };
  return {
    id: 'crs-11',
    attacker: 'crash',
    title: 'readers killed while a mail comes in',
    expect: 'the mail is read all the same',
    attack: (lab) =>
      arrives(lab, () => {
        for (const name of lab.instance.zones('zone3-email-reader'))
          for (const pid of lab.instance.pidsOf(name)) tryKill(pid);
      }),
    twin: 'a mail is read when nobody interferes',
    allowed: (lab) => arrives(lab, () => undefined),
  };
}
