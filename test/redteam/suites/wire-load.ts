import { trial, type Attack } from '../attack.ts';
import { becomes, sleep } from '../lab/wait.ts';
import { brief, isRefusal, textOf, type Wire } from '../lab/wire.ts';
import { letter, type PlannerLab } from './lab.ts';
import { inTurns } from './tokens.ts';

const OWNER_SERVED = 'the owner is answered meanwhile, and the zone afterwards';

/** Floods, slow and half-open clients, guesses. */
export const wireLoad: readonly Attack<PlannerLab>[] = [
  {
    id: 'wire-17',
    attacker: 'planner',
    title: 'a flood of 30,000 frames over five connections',
    expect: 'answered `overloaded`; the owner is served within 2 s',
    attack: async ({ instance, zone }) => {
      const wires = await Promise.all([1, 2, 3, 4, 5].map(() => instance.wire(zone.name)));
      const burst = '{"type":"ping"}\n'.repeat(6_000);
      for (const wire of wires) wire.send(burst);
      const startedAt = performance.now();
      await instance.owner.ask({ type: 'status' });
      const waitedMs = performance.now() - startedAt;
      await becomes(() => wires.some((wire) => wire.strays.some((frame) => isRefusal(frame, 'overloaded'))));
      const overloaded = wires.flatMap((wire) => wire.strays).filter((frame) => isRefusal(frame, 'overloaded')).length;
      for (const wire of wires) wire.close();
      return trial(
        overloaded > 0 && waitedMs < 2_000,
        `${overloaded} refused, the owner waited ${Math.round(waitedMs)} ms`,
      );
    },
    twin: OWNER_SERVED,
    allowed: servedOn,
  },
  {
    id: 'wire-18',
    attacker: 'planner',
    title: 'a client that never reads its answers',
    expect: 'cut; the others are served',
    attack: async ({ instance, zone }) => {
      const own = await instance.wire(zone.name);
      const tasks: string[] = [];
      for (let n = 0; n < 13; n += 1) {
        const put = await zone.ask({
          type: 'task_put',
          priority: 0,
          data: { order: 'none', result: 'done', filler: 'x'.repeat(60_000) },
        });
        tasks.push(textOf(put, 'task'));
      }
      own.stopReading();
      for (let n = 0; n < 60; n += 1) own.send(`{"type":"task_list","id":"${n}"}\n`);
      await sleep(500);
      // The peer is gone when nothing we send can leave any more: reading again shows the end.
      const served = await servedOn({ instance, zone });
      const wasCut = await hungUp(own);
      for (const task of tasks) await zone.ask({ type: 'task_delete', task });
      return trial(wasCut && served.ok, wasCut ? 'cut' : 'kept');
    },
    twin: OWNER_SERVED,
    allowed: servedOn,
  },
  {
    id: 'wire-19',
    attacker: 'planner',
    title: 'a frame that is begun and never ended (slow loris)',
    expect: 'cut after ten seconds',
    attack: async ({ instance, zone }) => {
      const own = await instance.wire(zone.name);
      own.send('{"type":"pi');
      const startedAt = performance.now();
      while (!own.closed && performance.now() - startedAt < 20_000) {
        own.send('n');
        await sleep(400);
      }
      return trial(own.closed, `cut after ${Math.round((performance.now() - startedAt) / 1_000)} s`);
    },
    twin: OWNER_SERVED,
    allowed: servedOn,
  },
  {
    id: 'wire-20',
    attacker: 'planner',
    title: 'clients that close their sending half and stay',
    expect: 'ended; their places are free again',
    attack: async ({ instance, zone }) => {
      for (let round = 0; round < 4; round += 1) {
        const wires = await Promise.all([1, 2, 3, 4, 5].map(() => instance.wire(zone.name)));
        for (const wire of wires) wire.halfClose();
        if (!(await becomes(() => wires.every((wire) => wire.closed))))
          return trial(false, 'half-open clients were kept');
      }
      return trial(true, '20 ended');
    },
    twin: OWNER_SERVED,
    allowed: servedOn,
  },
  {
    id: 'wire-21',
    attacker: 'planner',
    title: 'forty connections of one zone at once',
    expect: 'all beyond eight are turned away',
    attack: async ({ instance, zone }) => {
      const wires = await Promise.all(Array.from({ length: 40 }, () => instance.wire(zone.name)));
      await becomes(() => wires.filter((wire) => wire.closed).length >= 32, 3_000);
      const open = wires.filter((wire) => !wire.closed).length;
      for (const wire of wires) wire.close();
      return trial(open <= 8, `${open} of 40 stayed`);
    },
    twin: OWNER_SERVED,
    allowed: servedOn,
  },
  {
    id: 'wire-22',
    attacker: 'planner',
    title: '200 long waits at once, to use up what may be in flight',
    expect: 'refused `overloaded` beyond 32; the owner is served',
    attack: async ({ instance, zone }) => {
      const own = await instance.wire(zone.name);
      for (let n = 0; n < 200; n += 1) own.send(`{"type":"next_instruction","wait_ms":60000,"id":"q${n}"}\n`);
      await becomes(() => own.strays.length >= 150, 5_000);
      const overloaded = own.strays.filter((frame) => isRefusal(frame, 'overloaded')).length;
      const status = await instance.owner.ask({ type: 'status' });
      own.close();
      return trial(overloaded >= 160 && status['type'] === 'status', `${overloaded} of 200 refused`);
    },
    twin: OWNER_SERVED,
    allowed: servedOn,
  },
  {
    id: 'wire-23',
    attacker: 'planner',
    title: 'guessing 2,000 request ids, and asking with patterns',
    expect: '`not_found` for each, in the same words',
    attack: async ({ zone }) => {
      const guess = (n: number): string =>
        n % 50 === 0
          ? "' OR 1=1 --"
          : `r_${Array.from({ length: 26 }, () => 'abcdefghijklmnopqrstuvwxyz234567'[Math.floor(Math.random() * 32)]).join('')}`;
      const answers = await inTurns(2_000, 16, (n) => zone.ask({ type: 'approval_status', request_id: guess(n) }));
      const words = new Set(answers.map((answer) => answer['message']));
      return trial(
        answers.every((answer) => isRefusal(answer, 'not_found')) && words.size === 1,
        `${answers.length} guesses, ${words.size} answer`,
      );
    },
    twin: 'an id that was given is known',
    allowed: async ({ zone }) => {
      const rid = textOf(await zone.sendEmail(letter()), 'request_id');
      const answer = await zone.ask({ type: 'approval_status', request_id: rid });
      return trial(answer['status'] === 'pending', brief(answer));
    },
  },
];

async function servedOn({ instance, zone }: PlannerLab): Promise<{ ok: boolean; saw: string }> {
  const status = await instance.owner.ask({ type: 'status' });
  await sleep(50);
  const pong = await zone.ask({ type: 'ping' });
  return trial(status['type'] === 'status' && pong['type'] === 'pong', `${brief(status)}, ${brief(pong)}`);
}

/** Reads again and sees whether the other side has gone. */
async function hungUp(wire: Wire): Promise<boolean> {
  wire.readAgain();
  return becomes(() => wire.closed, 5_000);
}
