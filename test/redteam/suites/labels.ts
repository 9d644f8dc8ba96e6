import { trial, type Attack, type Trial } from '../attack.ts';
import { tryKill } from '../lab/processes.ts';
import { eml, mark } from '../lab/mail.ts';
import { becomes, until } from '../lab/wait.ts';
import { brief, textOf, type Frame } from '../lab/wire.ts';
import { openZone, withItem, withSession, type Zone } from '../lab/zone.ts';
import { letter, type PlannerLab } from './lab.ts';

function labelOf({ instance }: PlannerLab, session: string): string {
  return instance.text('SELECT label FROM sessions WHERE sid = ?', session);
}

function staysTainted(
  id: string,
  title: string,
  lose: (lab: PlannerLab, zone: Zone) => Promise<Zone>,
): Attack<PlannerLab> {
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
        const held =
          hello['session'] === zone.session &&
          shown.content.label.integrity === 'untrusted' &&
          labelOf(lab, zone.session).includes('untrusted');
        return trial(
          held,
          `${shown.content.label.integrity}, ${hello['session'] === zone.session ? 'same' : 'another'} session`,
        );
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

export function reconnecting(): Attack<PlannerLab> {
  return staysTainted('ses-05', 'reconnecting to lose a label', async ({ instance }, zone) => {
    zone.wire.close();
    return openZone(instance, zone.session, zone.name);
  });
}

export function processKilled(): Attack<PlannerLab> {
  return staysTainted(
    'ses-06',
    'dying to lose a label: the zone’s process ends with an error',
    async ({ instance }, zone) => {
      const before = instance.pidsOf(zone.name);
      for (const pid of before) tryKill(pid);
      await until(
        'the process of the session again',
        () => (instance.pidsOf(zone.name).some((pid) => !before.includes(pid)) ? true : undefined),
        30_000,
      );
      return openZone(instance, zone.session, zone.name);
    },
  );
}

export function executorKilled(): Attack<PlannerLab> {
  return staysTainted('ses-07', 'the executor killed under a tainted session', async ({ instance }, zone) => {
    await instance.killExecutor();
    await until(
      'the process of the session again',
      () => (instance.pidsOf(zone.name).length > 0 ? true : undefined),
      30_000,
    );
    return openZone(instance, zone.session, zone.name);
  });
}

export function secondSession(): Attack<PlannerLab> {
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

export function scheduled(): Attack<PlannerLab> {
  const labelAfter = async (lab: PlannerLab, zone: Zone): Promise<string> => {
    const word = mark('task');
    await zone.ask({ type: 'task_put', priority: 5, due: new Date().toISOString(), data: { text: word } });
    return until('the session of the task', () => {
      const found = lab.instance.text(
        'SELECT label FROM sessions WHERE sid = (SELECT sid FROM instructions WHERE text = ?)',
        word,
      );
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
        return trial(
          label.includes('untrusted') && label.includes('private'),
          label.includes('untrusted') ? 'untrusted' : 'trusted',
        );
      }),
    twin: 'a task of a clean session opens a clean one',
    allowed: (lab) =>
      withSession(lab.instance, async (zone) => {
        const label = await labelAfter(lab, zone);
        return trial(!label.includes('untrusted'), 'trusted');
      }),
  };
}

export function oldEvents(): Attack<PlannerLab> {
  const failures = ({ instance }: PlannerLab): number => instance.auditText().split('"event":"zone_exited"').length - 1;
  /** A session whose process fails and is started again. */
  const failing = (lab: PlannerLab, then: (zone: Zone) => Promise<Trial>): Promise<Trial> =>
    withSession(lab.instance, async (zone) => {
      const before = { pids: lab.instance.pidsOf(zone.name), failures: failures(lab) };
      await zone.ask({ type: 'task_put', priority: 9, data: { order: 'fail' } });
      await until('the failure on the record', () => (failures(lab) > before.failures ? true : undefined), 20_000);
      await until(
        'the session again',
        () => (lab.instance.pidsOf(zone.name).some((pid) => !before.pids.includes(pid)) ? true : undefined),
        20_000,
      );
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
        return trial(
          failures(lab) === before && served['type'] === 'pong',
          `${failures(lab) - before} told again, ${brief(served)}`,
        );
      }),
    twin: 'an end is recorded when it happens',
    allowed: (lab) => failing(lab, () => Promise.resolve(trial(true, 'recorded'))),
  };
}
