import { defineSuite, trial, type Attack, type Suite, type Trial } from '../attack.ts';
import { ROOMY_CONFIG, roomyPolicy } from '../lab/checkout.ts';
import { Instance } from '../lab/instance.ts';
import { eml, mark } from '../lab/mail.ts';
import { until } from '../lab/wait.ts';

interface ReaderLab {
  readonly instance: Instance;
}

/** A reader that lies, before the real planner: what it believes shows in what it asks for. */
export const reader: Suite = defineSuite<ReaderLab>({
  name: 'reader',
  title: 'a reader written by the attacker',
  open: async () => ({
    instance: await Instance.start({ reader: 'reader', policy: roomyPolicy, config: ROOMY_CONFIG }),
  }),
  close: ({ instance }) => instance.close(),
  attacks: [
    refused('rdr-01', 'a body of 10,001 characters', 'long-body'),
    refused('rdr-02', 'a subject of 999 characters', 'long-subject'),
    refused('rdr-03', '201 links', 'many-links'),
    refused('rdr-04', 'a length that is not that of the body', 'wrong-length'),
    refused('rdr-05', 'an answer with another message’s id', 'wrong-id'),
    refused('rdr-06', 'an answer without an id', 'no-id'),
    refused('rdr-07', 'another channel, to pass as a chat', 'channel'),
    refused('rdr-08', 'a label of its own making in the message', 'labels'),
    refused('rdr-09', 'a sender and a label beside the message', 'outer-labels'),
    refused('rdr-10', 'terminal controls and bidi in the subject', 'controls'),
    refused('rdr-11', 'a line break with a header in the sender', 'line-break'),
    refused('rdr-12', 'a member `__proto__`', 'proto'),
    refused('rdr-13', 'numbers below zero', 'score'),
    refused('rdr-14', 'an answer of 3 MB', 'huge'),
    refused('rdr-15', 'an answer nested 100,000 deep', 'deep'),
    refused('rdr-16', 'a capability request instead of an answer', 'ask'),
    refused('rdr-17', 'a reader that ends with an error each time', 'crash'),
    refused('rdr-18', 'no answer at all', 'silent'),
    refused('rdr-20', 'an answer before the message was given in full', 'early'),
    twoAnswers(),
    poses(),
    threading(),
  ],
});

/** Delivers a mail that tells the reader how to lie; its row once it is read or failed. */
async function read(
  { instance }: ReaderLab,
  mode: string,
): Promise<{ state: string; subject: string; kid: string; extract: string }> {
  const known = new Set(instance.texts('SELECT kid FROM contents'));
  const subject = mark('lie');
  const body = mode === 'early' ? 'x'.repeat(1_500_000) : 'Could we meet on Friday?';
  instance.deliver(subject, eml({ subject, body, headers: [`X-Mode: ${mode}`] }));
  return until(
    'the mail to be read or given up',
    () => {
      const kid = instance.texts("SELECT kid FROM contents WHERE state != 'received'").find((one) => !known.has(one));
      if (kid === undefined) return undefined;
      return {
        state: instance.text('SELECT state FROM contents WHERE kid = ?', kid),
        subject,
        kid,
        extract: instance.text('SELECT extract FROM contents WHERE kid = ?', kid),
      };
    },
    60_000,
  );
}

async function honest(lab: ReaderLab): Promise<Trial> {
  const { state, extract, subject } = await read(lab, 'honest');
  return trial(state === 'read' && extract.includes(subject), state);
}

function refused(id: string, title: string, mode: string): Attack<ReaderLab> {
  return {
    id,
    attacker: 'reader',
    title,
    expect: 'the message is marked failed; nothing of the answer is kept; the next mail is read',
    attack: async (lab) => {
      const { state, extract } = await read(lab, mode);
      const more = lab.instance.count("SELECT count(*) FROM requests WHERE params LIKE '%evil.example%'");
      return trial(state === 'failed' && extract === '' && more === 0, `${state}${extract === '' ? '' : ', kept'}`);
    },
    twin: 'an honest answer of the same program is taken',
    allowed: honest,
  };
}

function twoAnswers(): Attack<ReaderLab> {
  return {
    id: 'rdr-19',
    attacker: 'reader',
    title: 'two answers that contradict each other',
    expect: 'the first stands; the second reaches nobody',
    attack: async (lab) => {
      const { state, extract, kid } = await read(lab, 'twice');
      await honest(lab);
      const later = lab.instance.text('SELECT extract FROM contents WHERE kid = ?', kid);
      return trial(state === 'read' && extract.includes('first answer') && later === extract, 'the first stands');
    },
    twin: 'an honest answer of the same program is taken',
    allowed: honest,
  };
}

/** How the planner’s reply to the claimed sender is shown, and the bytes that go out once it is approved. */
async function replyTo(
  { instance }: ReaderLab,
  kid: string,
): Promise<{ integrity: string; named: boolean; mail: string }> {
  const rid = await until(
    'the planner’s question',
    () =>
      instance.text('SELECT rid FROM approvals WHERE sid = (SELECT sid FROM deliveries WHERE kid = ?)', kid) ||
      undefined,
    30_000,
  );
  const { content } = await instance.owner.find(rid);
  const subject = content.payload.headers.find(([name]) => name.toLowerCase() === 'subject')?.[1] ?? '?';
  await instance.owner.approve(rid);
  const mail = await until(
    'the reply',
    () =>
      instance
        .sent()
        .map(String)
        .find((one) => one.includes(subject)),
    30_000,
  );
  return { integrity: content.label.integrity, named: content.destinations[0]?.named ?? true, mail };
}

function poses(): Attack<ReaderLab> {
  return {
    id: 'rdr-21',
    attacker: 'reader',
    title: 'a sender that is a contact of the owner',
    expect: 'a claim: untrusted, not named, and a person is asked',
    attack: async (lab) => {
      await lab.instance.owner.putContact('bank@example.org', 'The Bank');
      const { kid } = await read(lab, 'pose');
      const { integrity, named } = await replyTo(lab, kid);
      return trial(integrity === 'untrusted' && !named, `${integrity}, ${named ? 'named' : 'not named'}`);
    },
    twin: 'an honest answer of the same program is taken',
    allowed: honest,
  };
}

function threading(): Attack<ReaderLab> {
  return {
    id: 'rdr-22',
    attacker: 'reader',
    title: 'a Message-ID with a header in it, for the reply to carry',
    expect: 'no such header goes out',
    attack: async (lab) => {
      const { state, kid } = await read(lab, 'message-id');
      if (state === 'failed') return trial(true, 'refused');
      const { mail } = await replyTo(lab, kid);
      return trial(mail !== '' && !/evil\.example/.test(mail), 'sent without it');
    },
    twin: 'an honest answer of the same program is taken',
    allowed: honest,
  };
}
