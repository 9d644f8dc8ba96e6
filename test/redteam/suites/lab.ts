import { roomyPolicy } from '../lab/checkout.ts';
import { Instance, ROOMY_CONFIG } from '../lab/instance.ts';
import { openZone, type Zone } from '../lab/zone.ts';
import { mark } from '../lab/mail.ts';
import { textOf } from '../lab/wire.ts';

/** An instance whose planner is the attacker's, with the standing session's socket in hand. */
export interface PlannerLab {
  readonly instance: Instance;
  readonly zone: Zone;
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

export async function closePlannerLab(lab: PlannerLab): Promise<void> {
  await lab.instance.close();
}

/** A fresh mail, recognised by its subject. */
export function letter(to = 'ann@example.org'): { to: string[]; subject: string; body: string } {
  return { to: [to], subject: mark('subject'), body: 'Friday at noon suits me.' };
}
