import { defineSuite, trial, type Attack, type Suite } from '../attack.ts';
import { roomyPolicy } from '../lab/checkout.ts';
import { Instance } from '../lab/instance.ts';
import { eml, mark } from '../lab/mail.ts';
import { brief, isRefusal, type Frame } from '../lab/wire.ts';
import { withItem, withSession } from '../lab/zone.ts';
import { letter } from './lab.ts';

interface CapsLab {
  instance: Instance;
}

const CONFIG = `{ approvals: { pendingPerSession: 2, questionsPerDay: 8, questionsPerSender: 2, questionsReserved: 3, outboxDelay: "1s" } }\n`;

/** A small day: eight questions, three of them kept for the owner, two for one sender, two pending a session. */
export const caps: Suite = defineSuite<CapsLab>({
  name: 'caps',
  title: 'the caps on questions',
  open: async () => ({ instance: await start() }),
  close: ({ instance }) => instance.close(),
  attacks: [
    {
      id: 'cap-01',
      attacker: 'planner',
      title: 'more questions of one session than may stand before the owner, asked on and on',
      expect: '`rate_limited` with a time to wait; after 20 more the session may not ask any more',
      attack: ({ instance }) =>
        withSession(instance, async (zone) => {
          const answers: Frame[] = [];
          for (let n = 0; n < 30; n += 1) answers.push(await zone.sendEmail(letter()));
          const asked = answers.filter((answer) => answer['decision'] === 'pending_approval').length;
          const limited = answers.filter((answer) => isRefusal(answer, 'rate_limited')).length;
          const closed = instance.auditText().includes('"kind":"flood"');
          return trial(
            asked === 2 && limited === 28 && closed,
            `${asked} asked, ${limited} refused, ${closed ? 'closed to asking' : 'NOT closed'}`,
          );
        }),
      twin: 'another session asks meanwhile',
      allowed: ({ instance }) =>
        withSession(instance, (zone) =>
          zone.sendEmail(letter()).then((answer) => trial(answer['decision'] === 'pending_approval', brief(answer))),
        ),
    },
    {
      id: 'cap-02',
      attacker: 'mail',
      title: 'mails of one sender that ask more than their share',
      expect: 'the third question of a day is refused, from whichever session and in whatever spelling',
      attack: async (lab) => {
        await again(lab);
        const answers: Frame[] = [];
        for (const from of ['ann@example.org', 'Ann <ANN@Example.Org>', 'ann@example.org', 'ann@EXAMPLE.org'])
          answers.push(await askedBy(lab, from));
        const asked = answers.filter((answer) => answer['decision'] === 'pending_approval').length;
        return trial(
          asked === 2 && answers.slice(2).every((answer) => isRefusal(answer, 'rate_limited')),
          `${asked} of 4 asked`,
        );
      },
      twin: 'a mail of another sender asks',
      allowed: (lab) =>
        askedBy(lab, 'bob@example.net').then((answer) =>
          trial(answer['decision'] === 'pending_approval', brief(answer)),
        ),
    },
    {
      id: 'cap-03',
      attacker: 'mail',
      title: 'strangers’ mails from ever new senders, to spend the owner’s questions of a day',
      expect: 'five are put; three stay for the owner',
      attack: async (lab) => {
        await again(lab);
        const answers: Frame[] = [];
        for (let n = 0; n < 8; n += 1) answers.push(await askedBy(lab, `${mark('stranger')}@evil.example`));
        const asked = answers.filter((answer) => answer['decision'] === 'pending_approval').length;
        return trial(asked === 5, `${asked} of 8 asked`);
      },
      twin: 'the owner’s own words still ask',
      allowed: ({ instance }) =>
        withSession(instance, (zone) =>
          zone.sendEmail(letter()).then((answer) => trial(answer['decision'] === 'pending_approval', brief(answer))),
        ),
    },
    rated(),
  ],
});

function start(policy = roomyPolicy): Promise<Instance> {
  return Instance.start({ planner: 'planner', policy, config: CONFIG });
}

/** A new day: an instance that has asked nothing yet. */
async function again(lab: CapsLab, policy = roomyPolicy): Promise<void> {
  await lab.instance.close();
  lab.instance = await start(policy);
}

function askedBy({ instance }: CapsLab, from: string): Promise<Frame> {
  return withItem(instance, eml({ from }), (zone) => zone.sendEmail(letter()));
}

function rated(): Attack<CapsLab> {
  return {
    id: 'cap-04',
    attacker: 'planner',
    title: 'free acts beyond their rate, from several sessions and over a restart of the executor',
    expect: '`rate_limited`: the windows are the instance’s, and durable',
    attack: async (lab) => {
      await again(lab, (text) => text.replace('@rate("120/hour, 1000 items/day")', '@rate("6/hour")'));
      const { instance } = lab;
      const read = (): Promise<Frame[]> =>
        withSession(instance, async (zone) => {
          const answers: Frame[] = [];
          for (let n = 0; n < 4; n += 1)
            answers.push(await zone.ask({ type: 'capability_request', action: 'get_profile', params: {} }));
          return answers;
        });
      const answers = [...(await read()), ...(await read())];
      await instance.killExecutor();
      answers.push(...(await read()));
      const allowed = answers.filter((answer) => answer['decision'] === 'allowed').length;
      const told = answers.filter(
        (answer) => isRefusal(answer, 'rate_limited') && typeof answer['retry_after_ms'] === 'number',
      ).length;
      return trial(allowed === 6 && told === 6, `${allowed} of 12 allowed`);
    },
    twin: 'another action has its own rate',
    allowed: ({ instance }) =>
      withSession(instance, (zone) =>
        zone
          .ask({ type: 'capability_request', action: 'draft_email', params: letter() })
          .then((answer) => trial(answer['decision'] === 'allowed', brief(answer))),
      ),
  };
}
