import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { claimOf, signWith } from '../../../src/control/index.ts';
import { defineSuite, trial, type Attack, type Suite, type Trial } from '../attack.ts';
import { ROOMY_CONFIG, roomyPolicy } from '../lab/checkout.ts';
import { Instance } from '../lab/instance.ts';
import { brief, isRefusal, textOf, type Frame } from '../lab/wire.ts';
import { openZone, type Zone } from '../lab/zone.ts';
import { letter } from './lab.ts';

interface RulesLab {
  readonly instance: Instance;
  readonly zone: Zone;
  /** The owner’s key, once it is enrolled. */
  readonly key: KeyObject;
  readonly publicKey: string;
}

const STRICT =
  '@id("asks") @approval("owner") @rate("5000/hour") @delay("0s") permit (principal, action == Action::"send_email", resource);\n';
const LAX = '@id("free") @approval("none") permit (principal, action == Action::"send_email", resource);\n';
const READS = '@id("reads") @approval("none") permit (principal, action in Action::"read", resource);\n';
const OVERFLOW = 'context.recipient_count + 9223372036854775807 > 0';

/** Policy texts and proofs of presence. The first attack enrols a key, as an owner does; from then on `terminal` is no proof. */
export const rules: Suite = defineSuite<RulesLab>({
  name: 'rules',
  title: 'policy texts and proofs of presence',
  open: openRulesLab,
  close: ({ instance }) => instance.close(),
  attacks: [
    confirmWithout(),
    terminalAfter(),
    presence('rul-03', 'a proof replayed', async (lab, frame) => {
      const proof = await prove(lab, frame);
      await lab.instance.owner.ask({ ...frame, presence: proof });
      return lab.instance.owner.ask({ ...frame, presence: proof });
    }),
    presence('rul-04', 'a proof made for another question carried over', async (lab, frame) => {
      const other = await questionFrame(lab);
      return lab.instance.owner.ask({ ...frame, presence: await prove(lab, other) });
    }),
    presence('rul-05', 'a proof of a denial used to approve', async (lab, frame) =>
      lab.instance.owner.ask({ ...frame, presence: await prove(lab, { ...frame, verdict: 'deny' }) }),
    ),
    presence('rul-06', 'a proof by another key', async (lab, frame) => {
      const { privateKey } = generateKeyPairSync('ed25519');
      return lab.instance.owner.ask({ ...frame, presence: await prove({ ...lab, key: privateKey }, frame) });
    }),
    presence('rul-07', 'a nonce that nobody gave out', (lab, frame) => {
      const nonce = { nonce: 'A'.repeat(32), expiresAt: new Date(Date.now() + 60_000).toISOString() };
      return lab.instance.owner.ask({ ...frame, presence: signWith(lab.key, claimOf(frame), nonce) });
    }),
    presence('rul-08', 'the key exchanged by whoever has the socket', async (lab, frame) => {
      const { publicKey } = generateKeyPairSync('ed25519');
      const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
      await lab.instance.owner.ask({ type: 'presence_enrol', public_key: spki, presence: { method: 'terminal' } });
      return lab.instance.owner.ask({ ...frame, presence: { method: 'terminal' } });
    }),
    policy(
      'rul-09',
      'two permits with different obligations, the laxer one written last',
      `${READS}${STRICT}${LAX}`,
      async ({ zone }) => {
        const answer = await zone.sendEmail(letter());
        return trial(answer['decision'] === 'pending_approval', brief(answer));
      },
    ),
    policy(
      'rul-10',
      'a forbid that errs when it is evaluated',
      `${READS}${STRICT}@id("guard") forbid (principal, action == Action::"send_email", resource) when { ${OVERFLOW} };\n`,
      async ({ zone }) => {
        const answer = await zone.sendEmail(letter());
        return trial(isRefusal(answer, 'policy_denied'), brief(answer));
      },
    ),
    policy(
      'rul-11',
      'a permit without `@approval` for an outbound act',
      `${READS}@id("bare") permit (principal, action == Action::"send_email", resource);\n`,
      async ({ zone }) => {
        const answer = await zone.sendEmail(letter());
        return trial(answer['decision'] === 'pending_approval', brief(answer));
      },
    ),
    policy('rul-12', 'a policy that permits nothing', READS, async ({ zone }) => {
      const answer = await zone.sendEmail(letter());
      return trial(isRefusal(answer, 'policy_denied'), brief(answer));
    }),
    refusedText('rul-13', 'a misspelt annotation (`@aproval`)', LAX.replace('@approval', '@aproval')),
    refusedText('rul-14', 'a misspelt value (`@approval("owners")`)', STRICT.replace('"owner"', '"owners"')),
    refusedText('rul-15', 'a delay longer than any, a rate that is none', STRICT.replace('"0s"', '"99999s"')),
    refusedText(
      'rul-16',
      'an action that does not exist, an unknown attribute',
      `${STRICT}permit (principal, action == Action::"format_disk", resource) when { context.nothing };\n`,
    ),
    refusedText('rul-17', 'a text that is no policy', 'permit all;\n'),
  ],
});

async function openRulesLab(): Promise<RulesLab> {
  const instance = await Instance.start({ planner: 'planner', policy: roomyPolicy, config: ROOMY_CONFIG });
  const wire = await instance.wire();
  const session = textOf(await wire.ask({ type: 'hello', v: 1 }), 'session');
  const { privateKey } = generateKeyPairSync('ed25519');
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).toString('base64');
  return { instance, zone: await openZone(instance, session, 'zone2-planner'), key: privateKey, publicKey };
}

async function prove(
  { instance, key }: Pick<RulesLab, 'instance' | 'key'>,
  frame: Frame & { readonly type: string },
): Promise<object> {
  const given = await instance.owner.ask({ type: 'presence_challenge' });
  return signWith(key, claimOf(frame), { nonce: textOf(given, 'nonce'), expiresAt: textOf(given, 'expires_at') });
}

/** Enrols the owner’s key unless it is. */
async function enrolled(lab: RulesLab): Promise<void> {
  const { presence: wanted } = await lab.instance.owner.ask({ type: 'presence_challenge' });
  if (wanted === 'passphrase') return;
  await lab.instance.owner.ask({ type: 'presence_enrol', public_key: lab.publicKey, presence: { method: 'terminal' } });
}

/** A question as it waits, and the frame that would approve it, without its proof. */
async function questionFrame({
  instance,
  zone,
}: RulesLab): Promise<Frame & { readonly type: string; readonly approval: string }> {
  const approval = await instance.owner.find(textOf(await zone.sendEmail(letter()), 'request_id'));
  return { type: 'approvals_answer', approval: approval.id, ah: approval.ah, verdict: 'approve' };
}

async function approvedWithProof(lab: RulesLab): Promise<Trial> {
  await enrolled(lab);
  const frame = await questionFrame(lab);
  const answer = await lab.instance.owner.ask({ ...frame, presence: await prove(lab, frame) });
  return trial(answer['type'] === 'approvals_answer', brief(answer));
}

function confirmWithout(): Attack<RulesLab> {
  return {
    id: 'rul-01',
    attacker: 'neighbour',
    title: 'a changed policy confirmed from a terminal, before anything is enrolled',
    expect: 'refused: the first change of policy demands a passphrase',
    attack: async ({ instance }) => {
      const path = join(instance.home, 'policy.cedar');
      const before = readFileSync(path, 'utf8');
      writeFileSync(path, LAX);
      const answer = await instance.owner.confirm('policy');
      writeFileSync(path, before);
      return trial(isRefusal(answer, 'policy_denied'), brief(answer));
    },
    twin: 'a question is approved with the owner’s key, once it is enrolled',
    allowed: approvedWithProof,
  };
}

function terminalAfter(): Attack<RulesLab> {
  return {
    id: 'rul-02',
    attacker: 'neighbour',
    title: 'an approval from a terminal after a passphrase was enrolled',
    expect: 'refused `policy_denied`; never again',
    attack: async (lab) => {
      await enrolled(lab);
      const answer = await lab.instance.owner.ask({ ...(await questionFrame(lab)), presence: { method: 'terminal' } });
      return trial(isRefusal(answer, 'policy_denied'), brief(answer));
    },
    twin: 'the same with the owner’s key',
    allowed: approvedWithProof,
  };
}

function presence(
  id: string,
  title: string,
  attack: (lab: RulesLab, frame: Frame & { readonly type: string; readonly approval: string }) => Promise<Frame>,
): Attack<RulesLab> {
  return {
    id,
    attacker: 'neighbour',
    title,
    expect: 'refused',
    attack: async (lab) => {
      await enrolled(lab);
      const answer = await attack(lab, await questionFrame(lab));
      return trial(isRefusal(answer, 'policy_denied', 'token_expired', 'token_invalid', 'token_used'), brief(answer));
    },
    twin: 'the same with the owner’s key',
    allowed: approvedWithProof,
  };
}

/** Writes a policy and confirms it with the owner’s key. */
async function inForce(lab: RulesLab, text: string): Promise<Frame> {
  await enrolled(lab);
  writeFileSync(join(lab.instance.home, 'policy.cedar'), text);
  const shown = await lab.instance.owner.ask({ type: 'confirm_show', name: 'policy' });
  const frame = { type: 'confirm', name: 'policy', digest: textOf(shown, 'digest') };
  return lab.instance.owner.ask({ ...frame, presence: await prove(lab, frame) });
}

async function asksUnder(lab: RulesLab, text: string): Promise<Trial> {
  const confirmed = await inForce(lab, text);
  const answer = await lab.zone.sendEmail(letter());
  return trial(confirmed['type'] === 'confirm' && answer['decision'] === 'pending_approval', brief(answer));
}

function policy(id: string, title: string, text: string, look: (lab: RulesLab) => Promise<Trial>): Attack<RulesLab> {
  return {
    id,
    attacker: 'owner’s files',
    title,
    expect: 'the strictest reading holds; an error denies',
    attack: async (lab) => {
      const confirmed = await inForce(lab, text);
      const seen = await look(lab);
      return trial(confirmed['type'] === 'confirm' && seen.ok, `${brief(confirmed)}; ${seen.saw}`);
    },
    twin: 'the plain rule asks the owner',
    allowed: (lab) => asksUnder(lab, `${READS}${STRICT}`),
  };
}

function refusedText(id: string, title: string, text: string): Attack<RulesLab> {
  return {
    id,
    attacker: 'owner’s files',
    title,
    expect: 'the whole text is refused, also with the owner’s key; outbound acts deny',
    attack: async (lab) => {
      const confirmed = await inForce(lab, `${READS}${text}`);
      const answer = await lab.zone.sendEmail(letter());
      return trial(
        isRefusal(confirmed, 'invalid_params') && isRefusal(answer, 'policy_denied'),
        `${brief(confirmed)}; ${brief(answer)}`,
      );
    },
    twin: 'the same rightly spelt is taken and asks',
    allowed: (lab) => asksUnder(lab, `${READS}${STRICT}`),
  };
}
