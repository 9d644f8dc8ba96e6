import { defineSuite, trial, type Attack, type Suite, type Trial } from '../attack.ts';
import { tryKill } from '../lab/instance.ts';
import { eml, mark } from '../lab/mail.ts';
import { becomes, until } from '../lab/wait.ts';
import { brief, isRefusal, textOf, type Frame } from '../lab/wire.ts';
import { openZone, withItem, withSession, type Zone } from '../lab/zone.ts';
import { closePlannerLab, letter, openPlannerLab, type PlannerLab } from './lab.ts';

/** Names that belong to another session, and labels that somebody wants to lose. */
export const sessions: Suite = defineSuite<PlannerLab>({
  name: 'sessions',
  title: 'sessions, references and labels',
  open: openPlannerLab,
  close: closePlannerLab,
  attacks: [
    foreign('ses-01', 'a `c_` reference of another session read, quoted, answered and ended', async (other, { ref }) => [
      await other.ask({ type: 'capability_request', action: 'read_email', params: { content_ref: ref } }),
      await other.sendEmail({ ...letter(), body: { ref: `${ref}#/body` } }),
      await other.sendEmail({ ...letter(), to: [{ ref: `${ref}#/from` }] }),
      await other.sendEmail({ ...letter(), in_reply_to: ref }),
      await other.ask({ type: 'item_done', content_ref: ref }),
    ]),
    foreign('ses-02', 'an `r_` id of another session polled for its token', async (other, { rid }) => [await other.ask({ type: 'approval_status', request_id: rid })]),
    foreign('ses-03', 'a draft of another session sent', async (other, { draft }) => [await other.sendEmail({ draft })]),
    foreign('ses-04', 'a task of another session changed and deleted', async (other, { task }) => [
      await other.ask({ type: 'task_put', task, priority: 1, data: { text: 'mine now' } }),
      await other.ask({ type: 'task_delete', task }),
    ]),
    reconnecting(),
    processKilled(),
    executorKilled(),
    secondSession(),
    pointers(),
    scheduled(),
    ended(),
    oldEvents(),
  ],
});

interface Owned {
  readonly ref: string;
  readonly rid: string;
  readonly draft: string;
  readonly task: string;
}

/** What a session owns, used from another one; the twin uses it from its own. */
function foreign(id: string, title: string, use: (zone: Zone, owned: Owned) => Promise<Frame[]>): Attack<PlannerLab> {
  const acted = async (lab: PlannerLab, from: (own: Zone, other: Zone) => Zone): Promise<Frame[]> =>
    withItem(lab.instance, eml({}), (own, item) =>
      withSession(lab.instance, async (other) => use(from(own, other), await possessions(own, textOf(item, 'content_ref')))),
    );
  return {
    id,
    attacker: 'planner',
    title,
    expect: '`not_found`, as if it did not exist',
    attack: async (lab) => {
      const answers = await acted(lab, (_own, other) => other);
      return trial(answers.every((answer) => isRefusal(answer, 'not_found')), answers.map(brief).join(', '));
    },
    twin: 'the session that it belongs to may',
    allowed: async (lab) => {
      const answers = await acted(lab, (own) => own);
      return trial(answers.every((answer) => answer['type'] !== 'error'), answers.map(brief).join(', '));
    },
  };
}

async function possessions(own: Zone, ref: string): Promise<Owned> {
  const rid = textOf(await own.sendEmail(letter()), 'request_id');
  const asked = await own.ask({ type: 'capability_request', action: 'draft_email', params: letter() });
  const kept = await own.execute(textOf(asked, 'token'), own.lastParams, 'draft_email');
  const draft = textOf(kept['value'] as Frame, 'draft');
  const task = textOf(await own.ask({ type: 'task_put', priority: 1, data: { text: 'note' } }), 'task');
  return { ref, rid, draft, task };
}


function labelOf({ instance }: PlannerLab, session: string): string {
  return instance.text('SELECT label FROM sessions WHERE sid = ?', session);
}

function staysTainted(id: string, title: string, lose: (lab: PlannerLab, zone: Zone) => Promise<Zone>): Attack<PlannerLab> {
  return {
    id,
    attacker: 'planner',
    title,
    expect: 'the session stays untrusted, by the same name',
    attack: (lab) =>
      withItem(lab.instance, eml({}), async (zone) => {
        const after = await lose(lab, zone);
        const hello = await after.ask({ type: 'hello', v: 1 });
        const rid = textOf(await after.sendEmail(letter()), 'request_id');
        const shown = await lab.instance.owner.find(rid);
        const held = hello['session'] === zone.session && shown.content.label.integrity === 'untrusted' && labelOf(lab, zone.session).includes('untrusted');
        return trial(held, `${shown.content.label.integrity}, ${hello['session'] === zone.session ? 'same' : 'another'} session`);
      }),
    twin: 'a session to which nothing was delivered is trusted',
    allowed: pristine,
  };
}

function pristine(lab: PlannerLab): Promise<Trial> {
  return withSession(lab.instance, async (zone) => {
    const rid = textOf(await zone.sendEmail(letter()), 'request_id');
    const { content } = await lab.instance.owner.find(rid);
    return trial(content.label.integrity === 'trusted', content.label.integrity);
  });
}

function reconnecting(): Attack<PlannerLab> {
  return staysTainted('ses-05', 'reconnecting to lose a label', async ({ instance }, zone) => {
    zone.wire.close();
    return openZone(instance, zone.session, zone.name);
  });
}

function processKilled(): Attack<PlannerLab> {
  return staysTainted('ses-06', 'dying to lose a label: the zone’s process ends with an error', async ({ instance }, zone) => {
    const before = instance.pidsOf(zone.name);
    for (const pid of before) tryKill(pid);
    await until('the process of the session again', () => (instance.pidsOf(zone.name).some((pid) => !before.includes(pid)) ? true : undefined), 30_000);
    return openZone(instance, zone.session, zone.name);
  });
}

function executorKilled(): Attack<PlannerLab> {
  return staysTainted('ses-07', 'the executor killed under a tainted session', async ({ instance }, zone) => {
    await instance.killExecutor();
    await until('the process of the session again', () => (instance.pidsOf(zone.name).length > 0 ? true : undefined), 30_000);
    return openZone(instance, zone.session, zone.name);
  });
}

function secondSession(): Attack<PlannerLab> {
  return {
    id: 'ses-08',
    attacker: 'planner',
    title: 'a second session for the same process after taint: hello, new connections, claims',
    expect: 'every connection of the socket is the one session',
    attack: ({ instance }) =>
      withItem(instance, eml({}), async (zone) => {
        const named: unknown[] = [];
        for (let n = 0; n < 5; n += 1) {
          const wire = await instance.wire(zone.name);
          named.push((await wire.ask({ type: 'hello', v: 1 }))['session']);
          named.push((await wire.ask({ type: 'hello', v: 1, session: 'new' }))['session'] ?? zone.session);
          wire.close();
        }
        const inside = await zone.inside('ask', { frame: { type: 'hello', v: 1 } });
        named.push((inside.value as Frame)['session']);
        const others = named.filter((name) => name !== zone.session).length;
        return trial(others === 0, `${named.length} times the same`);
      }),
    twin: 'the owner’s next instruction opens a clean session',
    allowed: pristine,
  };
}

function pointers(): Attack<PlannerLab> {
  return {
    id: 'ses-09',
    attacker: 'planner',
    title: 'references that point at what is no whole text of the message',
    expect: 'refused; nobody is asked',
    attack: ({ instance }) =>
      withItem(instance, eml({}), async (zone, item) => {
        const ref = textOf(item, 'content_ref');
        const tails = ['', '#', '#/', '#/__proto__', '#/constructor/name', '#/findings', '#/body/length', '#/to/00', '#/to/-1', '#/../x', '#/~2', '#/toString'];
        const answers: Frame[] = [];
        for (const tail of tails) answers.push(await zone.sendEmail({ ...letter(), body: { ref: `${ref}${tail}` } }));
        answers.push(await zone.sendEmail({ ...letter(), body: { ref: `${ref}#/body`, extra: 1 } }));
        answers.push(await zone.sendEmail({ ...letter(), body: { ref: `${ref}#/body`, __proto__x: 1 } }));
        return trial(answers.every((answer) => isRefusal(answer, 'not_found', 'invalid_params')), [...new Set(answers.map(brief))].join(', '));
      }),
    twin: 'a reference to the whole body is resolved',
    allowed: ({ instance }) =>
      withItem(instance, eml({}), async (zone, item) => {
        const answer = await zone.sendEmail({ ...letter(), body: { ref: `${textOf(item, 'content_ref')}#/body` } });
        return trial(answer['decision'] === 'pending_approval', brief(answer));
      }),
  };
}

function scheduled(): Attack<PlannerLab> {
  const labelAfter = async (lab: PlannerLab, zone: Zone): Promise<string> => {
    const word = mark('task');
    await zone.ask({ type: 'task_put', priority: 5, due: new Date().toISOString(), data: { text: word } });
    return until('the session of the task', () => {
      const found = lab.instance.text('SELECT label FROM sessions WHERE sid = (SELECT sid FROM instructions WHERE text = ?)', word);
      return found === '' ? undefined : found;
    });
  };
  return {
    id: 'ses-10',
    attacker: 'planner',
    title: 'a task that a stranger’s mail has scheduled, to act later as the owner',
    expect: 'its session opens with the mail’s label',
    attack: (lab) =>
      withItem(lab.instance, eml({}), async (zone) => {
        const label = await labelAfter(lab, zone);
        return trial(label.includes('untrusted') && label.includes('private'), label.includes('untrusted') ? 'untrusted' : 'trusted');
      }),
    twin: 'a task of a clean session opens a clean one',
    allowed: (lab) =>
      withSession(lab.instance, async (zone) => {
        const label = await labelAfter(lab, zone);
        return trial(!label.includes('untrusted'), 'trusted');
      }),
  };
}

function ended(): Attack<PlannerLab> {
  return {
    id: 'ses-11',
    attacker: 'planner',
    title: 'an ended session’s question approved, and its token kept for later',
    expect: 'the question is cancelled, the grant void; nothing is sent',
    attack: async ({ instance, zone }) => {
      const asked = await withSession(instance, async (own) => {
        const rid = textOf(await own.sendEmail(letter()), 'request_id');
        const { token } = await own.approved(letter());
        return { rid, token, params: own.lastParams };
      });
      const [question] = await until('the question to be cancelled', async () => {
        const shown = await instance.owner.find(asked.rid);
        return shown.state === 'cancelled' ? [shown] : undefined;
      });
      const late = await instance.owner.answer(question, 'approve');
      const spent = await zone.execute(asked.token, asked.params);
      return trial(late['type'] === 'error' && isRefusal(spent, 'token_invalid'), `${brief(late)}; ${brief(spent)}`);
    },
    twin: 'the same while the session lives',
    allowed: ({ instance }) =>
      withSession(instance, async (own) => {
        const params = letter();
        return trial(await own.sends(params), 'sent');
      }),
  };
}

function oldEvents(): Attack<PlannerLab> {
  const failures = ({ instance }: PlannerLab): number => instance.auditText().split('"event":"zone_exited"').length - 1;
  /** A session whose process fails and is started again. */
  const failing = (lab: PlannerLab, then: (zone: Zone) => Promise<Trial>): Promise<Trial> =>
    withSession(lab.instance, async (zone) => {
      const before = { pids: lab.instance.pidsOf(zone.name), failures: failures(lab) };
      await zone.ask({ type: 'task_put', priority: 9, data: { order: 'fail' } });
      await until('the failure on the record', () => (failures(lab) > before.failures ? true : undefined), 20_000);
      await until('the session again', () => (lab.instance.pidsOf(zone.name).some((pid) => !before.pids.includes(pid)) ? true : undefined), 20_000);
      return then(zone);
    });
  return {
    id: 'ses-12',
    attacker: 'crash',
    title: 'the executor killed after a zone’s process has failed: old ends told again to the new executor',
    expect: 'each end is recorded once, and no new process is taken for the one that ended',
    attack: (lab) =>
      failing(lab, async () => {
        const before = failures(lab);
        await lab.instance.killExecutor();
        const served = await lab.zone.ask({ type: 'ping' });
        await becomes(() => failures(lab) > before, 1_000);
        return trial(failures(lab) === before && served['type'] === 'pong', `${failures(lab) - before} told again, ${brief(served)}`);
      }),
    twin: 'an end is recorded when it happens',
    allowed: (lab) => failing(lab, () => Promise.resolve(trial(true, 'recorded'))),
  };
}
