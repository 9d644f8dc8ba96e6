import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { trial, type Attack } from '../attack.ts';
import { brief, isRefusal, textOf, type Frame } from '../lab/wire.ts';
import { withSession } from '../lab/zone.ts';
import { letter, type PlannerLab } from './lab.ts';
import { sendsRightly } from './tokens.ts';

const SENDS = 'the same without it is sent';

/** A confirmed file changed on the disk while the instance runs: outbound acts deny until it is put back or confirmed. */
export function edited(id: string, file: string, title: string, change: (text: string) => string): Attack<PlannerLab> {
  const meanwhile = async (
    { instance, zone }: PlannerLab,
    changes: (text: string) => string,
  ): Promise<{ asked: Frame; executed: Frame; acts: number }> => {
    const params = letter();
    const { rid, token } = await zone.approved(params);
    const path = join(instance.home, file);
    const before = readFileSync(path, 'utf8');
    writeFileSync(path, changes(before));
    try {
      const asked = await zone.sendEmail(letter());
      return { asked, executed: await zone.execute(token, params), acts: instance.acts(rid) };
    } finally {
      writeFileSync(path, before);
    }
  };
  return {
    id,
    attacker: 'owner’s files',
    title: `${title} (\`${file}\` edited while running)`,
    expect: '`policy_denied` for a new ask and for an approved one',
    attack: async (lab) => {
      const { asked, executed, acts } = await meanwhile(lab, change);
      return trial(
        isRefusal(asked, 'policy_denied') && isRefusal(executed, 'policy_denied') && acts === 0,
        `${brief(asked)}; ${brief(executed)}`,
      );
    },
    twin: 'the file written again as it was changes nothing',
    allowed: async (lab) => {
      const { asked, executed } = await meanwhile(lab, (text) => text);
      return trial(
        asked['decision'] === 'pending_approval' && executed['type'] === 'result',
        `${brief(asked)}; ${brief(executed)}`,
      );
    },
  };
}

export function editedInOutbox(): Attack<PlannerLab> {
  return {
    id: 'apr-12',
    attacker: 'owner’s files',
    title: 'the policy edited while an approved act waits in the outbox',
    expect: 'asked again at dispatch: it fails, nothing is sent',
    attack: async ({ instance, zone }) => {
      const params = letter();
      const { rid, token } = await zone.approved(params);
      const path = join(instance.home, 'policy.cedar');
      const before = readFileSync(path, 'utf8');
      await zone.execute(token, params);
      appendFileSync(path, '// edited\n');
      const outcome = await zone.outcome(rid);
      writeFileSync(path, before);
      return trial(outcome === 'failed' && instance.sentWith(params.subject) === 0, outcome);
    },
    twin: SENDS,
    allowed: sendsRightly,
  };
}

export function payloadChanged(): Attack<PlannerLab> {
  return {
    id: 'apr-13',
    attacker: 'owner’s files',
    title: 'the stored bytes exchanged in `state.db` between approval and act',
    expect: 'other bytes are refused: nothing is sent',
    attack: async ({ instance, zone }) => {
      const [params, other] = [letter(), letter('eve@evil.example')];
      const { rid, token } = await zone.approved(params);
      const wrong = textOf(await zone.sendEmail(other), 'request_id');
      const bytes = instance.bytes(
        'SELECT bytes FROM payloads WHERE wh = (SELECT wh FROM requests WHERE rid = ?)',
        wrong,
      );
      instance.corrupt('UPDATE payloads SET bytes = ? WHERE wh = (SELECT wh FROM requests WHERE rid = ?)', bytes, rid);
      await zone.execute(token, params);
      const outcome = await zone.outcome(rid);
      return trial(
        outcome !== 'succeeded' && instance.sentWith(other.subject) === 0,
        `${outcome}, ${instance.sentWith(other.subject)} of the other sent`,
      );
    },
    twin: SENDS,
    allowed: sendsRightly,
  };
}

export function contentChanged(): Attack<PlannerLab> {
  const go = (
    { instance, zone }: PlannerLab,
    meanwhile: (rid: string) => void,
  ): Promise<{ outcome: string; mail: string }> =>
    withSession(instance, async (own) => {
      const params = letter();
      const kept = await own.ask({ type: 'capability_request', action: 'draft_email', params });
      const draft = textOf(
        (await own.execute(textOf(kept, 'token'), params, 'draft_email'))['value'] as Frame,
        'draft',
      );
      const { rid, token } = await own.approved({ draft });
      meanwhile(draft);
      await own.execute(token, { draft });
      const outcome = await own.outcome(rid);
      const mail = instance.sent().find((bytes) => bytes.includes(params.subject));
      return { outcome, mail: mail?.toString() ?? `nothing (${zone.name})` };
    });
  return {
    id: 'apr-14',
    attacker: 'owner’s files',
    title: 'a reference (a draft) whose content changes between showing and execution',
    expect: 'what was frozen when it was asked for goes out',
    attack: async (lab) => {
      const { outcome, mail } = await go(lab, (draft) =>
        lab.instance.corrupt("UPDATE drafts SET params = replace(params, 'Friday', 'Monday') WHERE did = ?", draft),
      );
      return trial(
        outcome === 'succeeded' && mail.includes('Friday at noon') && !mail.includes('Monday'),
        `${outcome}, as shown`,
      );
    },
    twin: 'an unchanged draft is sent as shown',
    allowed: async (lab) => {
      const { outcome, mail } = await go(lab, () => undefined);
      return trial(outcome === 'succeeded' && mail.includes('Friday at noon'), outcome);
    },
  };
}

export function acrossRestart(): Attack<PlannerLab> {
  return {
    id: 'apr-15',
    attacker: 'crash',
    title: 'one approval polled across a restart, for a second grant of it',
    expect: 'the old token is void, the approval expired; never a second grant',
    attack: async ({ instance, zone }) => {
      const params = letter();
      const { rid, token } = await zone.approved(params);
      await instance.killExecutor();
      const status = await zone.ask({ type: 'approval_status', request_id: rid });
      const spent = await zone.execute(token, params);
      const approval = await instance.owner.find(rid);
      const reopened = await instance.owner.ask({
        type: 'approvals_reopen',
        approval: approval.id,
        presence: { method: 'terminal' },
      });
      const grants = instance.count('SELECT count(*) FROM grants WHERE rid = ?', rid);
      const held =
        status['token'] === undefined &&
        isRefusal(spent, 'token_invalid') &&
        reopened['type'] === 'error' &&
        grants === 1 &&
        instance.acts(rid) === 0;
      return trial(held, `${brief(status)}; ${brief(spent)}; ${grants} grant`);
    },
    twin: 'asked anew after the restart it is sent',
    allowed: sendsRightly,
  };
}
