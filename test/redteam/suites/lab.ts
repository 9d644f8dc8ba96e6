import { ROOMY_CONFIG, roomyPolicy } from '../lab/checkout.ts';
import { Instance } from '../lab/instance.ts';
import { openZone, type Zone } from '../lab/zone.ts';
import { mark } from '../lab/mail.ts';
import { textOf } from '../lab/wire.ts';

/** An instance whose planner is the attacker's, with the standing session's socket in hand. */
export interface PlannerLab {
  readonly instance: Instance;
  /** The standing session, or the session of this attack where a suite wants one each. */
  zone: Zone;
}

export async function openPlannerLab(): Promise<PlannerLab> {
  const instance = await Instance.start({ planner: 'planner', policy: roomyPolicy, config: ROOMY_CONFIG });
  try {
    const wire = await instance.wire();
    const session = textOf(await wire.ask({ type: 'hello', v: 1 }), 'session');
    wire.close();
    return { instance, zone: await openZone(instance, session, 'zone2-planner') };
  } catch (error) {
    await instance.close();
    throw error;
  }
}

/** Another session for each attack: what one asks in vain is not held against the next. */
export async function freshZone(lab: PlannerLab): Promise<void> {
  if (lab.zone.name !== 'zone2-planner') await lab.zone.end().catch(() => undefined);
  lab.zone = await openZone(lab.instance, await lab.instance.owner.instruct('do something'));
}

export async function closePlannerLab(lab: PlannerLab): Promise<void> {
  await lab.instance.close();
}

/** A fresh mail, recognised by its subject. */
export function letter(to = 'ann@example.org'): { to: string[]; subject: string; body: string } {
  return { to: [to], subject: mark('subject'), body: 'Friday at noon suits me.' };
}
