import { defineSuite, trial, type Attack, type Suite } from '../attack.ts';
import { eml } from '../lab/mail.ts';
import { until } from '../lab/wait.ts';
import { brief, isRefusal, textOf, type Frame } from '../lab/wire.ts';
import { withItem, withSession, type Zone } from '../lab/zone.ts';
import { executorKilled, oldEvents, processKilled, reconnecting, scheduled, secondSession } from './labels.ts';
import { closePlannerLab, freshZone, letter, openPlannerLab, type PlannerLab } from './lab.ts';

/** Names that belong to another session, and labels that somebody wants to lose. */
export const sessions: Suite = defineSuite<PlannerLab>({
  name: 'sessions',
  title: 'sessions, references and labels',
  open: openPlannerLab,
  before: freshZone,
  close: closePlannerLab,
  attacks: [
    foreign(
      'ses-01',
      'a `c_` reference of another session read, quoted, answered and ended',
      async (other, { ref }) => [
        await other.ask({ type: 'capability_request', action: 'read_email', params: { content_ref: ref } }),
        await other.sendEmail({ ...letter(), body: { ref: `${ref}#/body` } }),
        await other.sendEmail({ ...letter(), to: [{ ref: `${ref}#/from` }] }),
        await other.sendEmail({ ...letter(), in_reply_to: ref }),
        await other.ask({ type: 'item_done', content_ref: ref }),
      ],
    ),
    foreign('ses-02', 'an `r_` id of another session polled for its token', async (other, { rid }) => [
      await other.ask({ type: 'approval_status', request_id: rid }),
    ]),
    foreign('ses-03', 'a draft of another session sent', async (other, { draft }) => [
      await other.sendEmail({ draft }),
    ]),
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
      withSession(lab.instance, async (other) =>
        use(from(own, other), await possessions(own, textOf(item, 'content_ref'))),
      ),
    );
  return {
    id,
    attacker: 'planner',
    title,
    expect: '`not_found`, as if it did not exist',
    attack: async (lab) => {
      const answers = await acted(lab, (_own, other) => other);
      return trial(
        answers.every((answer) => isRefusal(answer, 'not_found')),
        answers.map(brief).join(', '),
      );
    },
    twin: 'the session that it belongs to may',
    allowed: async (lab) => {
      const answers = await acted(lab, (own) => own);
      return trial(
        answers.every((answer) => answer['type'] !== 'error'),
        answers.map(brief).join(', '),
      );
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

function pointers(): Attack<PlannerLab> {
  return {
    id: 'ses-09',
    attacker: 'planner',
    title: 'references that point at what is no whole text of the message',
    expect: 'refused; nobody is asked',
    attack: ({ instance }) =>
      withItem(instance, eml({}), async (zone, item) => {
        const ref = textOf(item, 'content_ref');
        const tails = [
          '',
          '#',
          '#/',
          '#/__proto__',
          '#/constructor/name',
          '#/findings',
          '#/body/length',
          '#/to/00',
          '#/to/-1',
          '#/../x',
          '#/~2',
          '#/toString',
        ];
        const answers: Frame[] = [];
        for (const tail of tails) answers.push(await zone.sendEmail({ ...letter(), body: { ref: `${ref}${tail}` } }));
        answers.push(await zone.sendEmail({ ...letter(), body: { ref: `${ref}#/body`, extra: 1 } }));
        answers.push(await zone.sendEmail({ ...letter(), body: { ref: `${ref}#/body`, __proto__x: 1 } }));
        return trial(
          answers.every((answer) => isRefusal(answer, 'not_found', 'invalid_params')),
          [...new Set(answers.map(brief))].join(', '),
        );
      }),
    twin: 'a reference to the whole body is resolved',
    allowed: ({ instance }) =>
      withItem(instance, eml({}), async (zone, item) => {
        const answer = await zone.sendEmail({ ...letter(), body: { ref: `${textOf(item, 'content_ref')}#/body` } });
        return trial(answer['decision'] === 'pending_approval', brief(answer));
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
