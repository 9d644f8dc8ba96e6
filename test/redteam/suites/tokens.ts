import { defineSuite, trial, type Attack, type Suite, type Trial } from '../attack.ts';
import { decode, encode, sign, type Token } from '../lab/jwt.ts';
import { brief, isRefusal, type Frame } from '../lab/wire.ts';
import { withSession } from '../lab/zone.ts';
import { closePlannerLab, freshZone, letter, openPlannerLab, type PlannerLab } from './lab.ts';

const INVALID = ['token_invalid'];

/** Attacks on grants and their tokens, over the socket of the standing session. */
export const tokens: Suite = defineSuite<PlannerLab>({
  name: 'tokens',
  title: 'grants and tokens, by a planner written by the attacker',
  open: openPlannerLab,
  before: freshZone,
  close: closePlannerLab,
  attacks: [
    forged('tok-01', 'a token with `alg: none` and no signature', (token) =>
      encode({ ...token, header: { ...token.header, alg: 'none' }, signature: '' }),
    ),
    forged('tok-02', 'a token signed with another key', (token) => sign(token, 'attacker')),
    forged('tok-03', 'algorithm confusion: the same claims as HS512', (token) =>
      sign({ ...token, header: { ...token.header, alg: 'HS512' } }, 'attacker', 'sha512'),
    ),
    forged('tok-04', 'algorithm confusion: `alg: RS256` over an HMAC', (token) =>
      sign({ ...token, header: { ...token.header, alg: 'RS256' } }, 'attacker'),
    ),
    forged('tok-05', 'claims changed under the old signature (another session)', (token) =>
      encode({ ...token, claims: { ...token.claims, sid: 's_aaaaaaaaaaaaaaaaaaaaaaaaaa' } }),
    ),
    forged('tok-06', 'claims changed under the old signature (a later expiry)', (token) =>
      encode({ ...token, claims: { ...token.claims, exp: 9_999_999_999 } }),
    ),
    forged('tok-07', 'a header that brings its own key (`jwk`) and points elsewhere (`jku`, `kid`)', (token) =>
      sign(
        {
          ...token,
          header: {
            ...token.header,
            kid: '../../keys/armed.key',
            jku: 'http://127.0.0.1/',
            jwk: { kty: 'oct', k: 'YXR0YWNrZXI' },
          },
        },
        'attacker',
      ),
    ),
    forged('tok-08', 'a critical header that nobody knows (`crit`)', (token) =>
      sign({ ...token, header: { ...token.header, crit: ['b64'], b64: false } }, 'attacker'),
    ),
    forged('tok-09', 'a token with blanks, padding and newlines around it', (_token, text) => ` ${text}=\n`),
    forged(
      'tok-10',
      'a token with the last character of its signature changed',
      (_token, text) => `${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}x`,
    ),
    forged('tok-11', 'a token in five segments, as an encrypted one would be', (_token, text) => `${text}.${text}`),
    replayed(),
    doubleSpent(),
    pollMany(),
    swapped(),
    stolenByAnotherSession(),
    mismatch('tok-17', 'parameters swapped after the approval: another recipient', (params) => ({
      ...params,
      to: ['eve@evil.example'],
    })),
    mismatch('tok-18', 'parameters swapped after the approval: one more recipient in `bcc`', (params) => ({
      ...params,
      bcc: ['eve@evil.example'],
    })),
    mismatch('tok-19', 'parameters swapped after the approval: one character of the body', (params) => ({
      ...params,
      body: 'Friday at noon suits me!',
    })),
    otherAction(),
  ],
});

/** A token that is not the one that was given: refused, and the real one still works, once. */
function forged(id: string, title: string, forge: (token: Token, text: string) => string): Attack<PlannerLab> {
  const given = { rid: '', token: '', params: letter() };
  return {
    id,
    attacker: 'planner',
    title,
    expect: 'refused `token_invalid`; no intent is written',
    attack: async ({ instance, zone }) => {
      given.params = letter();
      Object.assign(given, await zone.approved(given.params));
      const answer = await zone.execute(forge(decode(given.token), given.token), given.params);
      return trial(isRefusal(answer, ...INVALID) && instance.acts(given.rid) === 0, brief(answer));
    },
    twin: 'the same token as it was given is taken',
    allowed: async ({ instance, zone }) => {
      const answer = await zone.execute(given.token, given.params);
      return trial(answer['type'] === 'result' && instance.acts(given.rid) === 1, brief(answer));
    },
  };
}

/** A swap of parameters beside the same token. */
function mismatch(
  id: string,
  title: string,
  change: (params: ReturnType<typeof letter>) => object,
): Attack<PlannerLab> {
  const given = { rid: '', token: '', params: letter() };
  return {
    id,
    attacker: 'planner',
    title,
    expect: 'refused `params_mismatch`; no intent is written',
    attack: async ({ instance, zone }) => {
      given.params = letter();
      Object.assign(given, await zone.approved(given.params));
      const answer = await zone.execute(given.token, change(given.params));
      return trial(isRefusal(answer, 'params_mismatch') && instance.acts(given.rid) === 0, brief(answer));
    },
    twin: 'the same token with the parameters as they were asked for',
    allowed: async ({ instance, zone }) => {
      const answer = await zone.execute(given.token, given.params);
      return trial(answer['type'] === 'result' && instance.acts(given.rid) === 1, brief(answer));
    },
  };
}

function replayed(): Attack<PlannerLab> {
  return {
    id: 'tok-12',
    attacker: 'planner',
    title: 'a token redeemed again after it was used',
    expect: 'refused `token_used`; one mail',
    attack: async ({ instance, zone }) => {
      const params = letter();
      const { rid, token } = await zone.approved(params);
      await zone.execute(token, params);
      await zone.outcome(rid);
      const again = await zone.execute(token, params);
      return trial(
        isRefusal(again, 'token_used') && instance.sentWith(params.subject) === 1,
        `${brief(again)}; ${instance.sentWith(params.subject)} sent`,
      );
    },
    twin: 'a second mail by a second approval',
    allowed: (lab) => sendsRightly(lab),
  };
}

function doubleSpent(): Attack<PlannerLab> {
  return {
    id: 'tok-13',
    attacker: 'planner',
    title: 'one grant redeemed 100 times at once over four connections',
    expect: 'exactly one acts',
    attack: async ({ instance, zone }) => {
      const params = letter();
      const { rid, token } = await zone.approved(params);
      const wires = await Promise.all([1, 2, 3, 4].map(() => instance.wire(zone.name)));
      const answers = await inTurns(100, 24, (n) =>
        wires[n % 4]?.ask({ type: 'execute', token, action: 'send_email', params }),
      );
      await zone.outcome(rid);
      for (const wire of wires) wire.close();
      const taken = answers.filter((answer) => answer['type'] === 'result').length;
      const sent = instance.sentWith(params.subject);
      return trial(
        taken === 1 && sent === 1 && answers.length === 100,
        `${taken} of ${answers.length} taken, ${sent} sent`,
      );
    },
    twin: 'one redemption sends one mail',
    allowed: (lab) => sendsRightly(lab),
  };
}

function pollMany(): Attack<PlannerLab> {
  return {
    id: 'tok-14',
    attacker: 'planner',
    title: 'one approval polled 100 times in parallel',
    expect: 'one grant: every poll carries the same token',
    attack: async ({ instance, zone }) => {
      const params = letter();
      const { rid } = await zone.approved(params);
      const answers = await inTurns(100, 24, () => zone.ask({ type: 'approval_status', request_id: rid }));
      const distinct = new Set(answers.map((answer) => answer['token']));
      const grants = instance.count('SELECT count(*) FROM grants WHERE rid = ?', rid);
      return trial(
        distinct.size === 1 && grants === 1,
        `${distinct.size} token, ${grants} grant in ${answers.length} polls`,
      );
    },
    twin: 'a second approval has a second grant',
    allowed: async ({ zone }) => {
      const [one, two] = [await zone.approved(letter()), await zone.approved(letter())];
      return trial(one.token !== two.token, 'two approvals, two tokens');
    },
  };
}

function swapped(): Attack<PlannerLab> {
  return {
    id: 'tok-15',
    attacker: 'planner',
    title: 'two approved tokens used for each other’s parameters',
    expect: 'both refused `params_mismatch`; nothing is sent',
    attack: async ({ instance, zone }) => {
      const [a, b] = [letter(), letter('bob@example.net')];
      const [first, second] = [await zone.approved(a), await zone.approved(b)];
      const answers = [await zone.execute(first.token, b), await zone.execute(second.token, a)];
      const acts = instance.acts(first.rid) + instance.acts(second.rid);
      return trial(
        answers.every((answer) => isRefusal(answer, 'params_mismatch')) && acts === 0,
        answers.map(brief).join(', '),
      );
    },
    twin: 'each token for its own parameters',
    allowed: (lab) => sendsRightly(lab),
  };
}

function stolenByAnotherSession(): Attack<PlannerLab> {
  return {
    id: 'tok-16',
    attacker: 'planner',
    title: 'a token of one session redeemed by another session of the same zone',
    expect: 'refused `token_invalid`, as if there were no such token',
    attack: ({ instance, zone }) =>
      withSession(instance, async (other) => {
        const params = letter();
        const { rid, token } = await zone.approved(params);
        const answer = await other.execute(token, params);
        return trial(isRefusal(answer, ...INVALID) && instance.acts(rid) === 0, brief(answer));
      }),
    twin: 'the session that asked redeems it',
    allowed: (lab) => sendsRightly(lab),
  };
}

function otherAction(): Attack<PlannerLab> {
  return {
    id: 'tok-20',
    attacker: 'planner',
    title: 'a token of a harmless action (`get_profile`) used to send',
    expect: 'refused `params_mismatch`; nothing is sent',
    attack: async ({ instance, zone }) => {
      const params = letter();
      const free = await zone.ask({ type: 'capability_request', action: 'get_profile', params: {} });
      const answer = await zone.execute(String(free['token']), params);
      return trial(isRefusal(answer, 'params_mismatch') && instance.sentWith(params.subject) === 0, brief(answer));
    },
    twin: 'the token for what it was given for',
    allowed: async ({ zone }) => {
      const free = await zone.ask({ type: 'capability_request', action: 'get_profile', params: {} });
      const answer = await zone.execute(String(free['token']), {}, 'get_profile');
      return trial(answer['type'] === 'result', brief(answer));
    },
  };
}

/** The whole way in a session of its own: nothing of an attack before it weighs on it. */
export function sendsRightly({ instance }: PlannerLab): Promise<Trial> {
  return withSession(instance, async (zone) => {
    const params = letter();
    const done = await zone.sends(params);
    const sent = instance.sentWith(params.subject);
    return trial(done && sent === 1, `${sent} sent`);
  });
}

/** Asks `count` times with at most `atOnce` in flight. */
export async function inTurns(
  count: number,
  atOnce: number,
  ask: (n: number) => Promise<Frame> | undefined,
): Promise<Frame[]> {
  const answers: Frame[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      const answer = await ask(next - 1);
      if (answer !== undefined) answers.push(answer);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return answers;
}
