import type { Approval } from '../../../src/contracts/index.ts';
import { trial, type Trial } from '../attack.ts';
import type { Instance } from '../lab/instance.ts';
import { eml, mark } from '../lab/mail.ts';
import { until } from '../lab/wait.ts';
import { brief } from '../lab/wire.ts';

export interface MailLab {
  readonly instance: Instance;
}

export interface Seen {
  readonly state: string;
  readonly handled: boolean;
  readonly warned: boolean;
  /** As it is stored, for the owner. */
  readonly extract: string;
  /** As a zone is given it. */
  readonly delivered: string;
  /** Every question that came of this mail. */
  readonly questions: readonly Approval[];
}

export const ANSWERED = 'an honest question is answered with a proposal to its sender';

/** Delivers and waits until a planner has done with it. */
export async function arrive({ instance }: MailLab, bytes: Buffer, msMax = 60_000): Promise<Seen> {
  const known = new Set(instance.texts('SELECT kid FROM contents'));
  instance.deliver(mark('mail'), bytes);
  const kid = await until(
    'the mail to be read',
    () => instance.texts("SELECT kid FROM contents WHERE state != 'received'").find((one) => !known.has(one)),
    msMax,
  );
  const state = instance.text('SELECT state FROM contents WHERE kid = ?', kid);
  const base = {
    state,
    extract: instance.text('SELECT extract FROM contents WHERE kid = ?', kid),
    warned: instance.count('SELECT warned FROM contents WHERE kid = ?', kid) === 1,
  };
  if (state !== 'read') return { ...base, handled: false, delivered: '', questions: [] };
  const sid = await until(
    'its session',
    () => instance.text('SELECT sid FROM deliveries WHERE kid = ?', kid) || undefined,
    30_000,
  );
  // Either it has put a question and waits, or it has ended.
  await until(
    'the planner',
    () =>
      instance.count('SELECT count(*) FROM approvals WHERE sid = ?', sid) > 0 ||
      instance.text('SELECT state FROM sessions WHERE sid = ?', sid) === 'closed'
        ? true
        : undefined,
    30_000,
  );
  const delivered = await asDelivered(instance, kid, sid);
  const questions = await Promise.all(
    instance.texts('SELECT apr FROM approvals WHERE sid = ?', sid).map((apr) => instance.owner.show(apr)),
  );
  for (const question of questions) if (question.state === 'pending') await instance.owner.answer(question, 'deny');
  return { ...base, handled: true, delivered, questions };
}

/** What the session’s own socket answers when it reads the message again; a session that has ended is not asked. */
async function asDelivered(instance: Instance, kid: string, sid: string): Promise<string> {
  // A session of the owner’s own, to which the item is joined, sees what any zone sees.
  const session = await instance.owner.instruct('summarise this', { item: kid });
  const ref = await until(
    'the delivery',
    () => instance.text('SELECT ref FROM deliveries WHERE kid = ? AND sid = ?', kid, session) || undefined,
  );
  const wire = await instance.wire(`zone2-planner.${session}`);
  const params = { content_ref: ref };
  const { token } = await wire.ask({ type: 'capability_request', action: 'read_email', params });
  const answer = await wire.ask({ type: 'execute', token, action: 'read_email', params });
  wire.close();
  if (sid === session || answer['type'] !== 'result') throw new Error(`not read again: ${brief(answer)}`);
  return JSON.stringify(answer);
}

export async function answered(lab: MailLab): Promise<Trial> {
  const sender = `${mark('ann')}@example.org`;
  const { questions } = await arrive(lab, eml({ from: sender }));
  const [first] = questions;
  return trial(
    questions.length === 1 && first?.content.destinations[0]?.value === sender,
    `${questions.length} proposal`,
  );
}
