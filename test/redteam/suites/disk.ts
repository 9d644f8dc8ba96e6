import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kill } from '../../../src/cli/commands/kill.ts';
import { revive } from '../../../src/cli/commands/revive.ts';
import { defineSuite, trial, type Attack, type Suite, type Trial } from '../attack.ts';
import { ROOMY_CONFIG, roomyPolicy } from '../lab/checkout.ts';
import { Instance, isRoot } from '../lab/instance.ts';
import { eml } from '../lab/mail.ts';
import { sleep } from '../lab/wait.ts';
import { brief, isCut, isRefusal, textOf, type Frame } from '../lab/wire.ts';
import { openZone, type Zone } from '../lab/zone.ts';
import { letter } from './lab.ts';

interface DiskLab {
  readonly instance: Instance;
  readonly zone: Zone;
  readonly mount: string;
}

const MIB = 1024 * 1024;
const AFTERWARDS = 'with room again and a new start it asks and sends, and the log is VALID';

/** A disk of its own: 96 MiB of memory, mounted as the place of the home. */
export const disk: Suite = defineSuite<DiskLab>({
  name: 'disk',
  title: 'a full disk, a read-only disk',
  unavailable: () =>
    isRoot ? null : 'only root can mount a small disk; what a full or read-only disk does is NOT shown by this run',
  open: openDiskLab,
  close: async ({ instance, mount }) => {
    await instance.close().catch(() => undefined);
    spawnSync('umount', ['-l', mount]);
    rmSync(mount, { recursive: true, force: true });
  },
  attacks: [
    full('dsk-01', 'the disk full while questions are asked', async (lab) => {
      const answers: Frame[] = [];
      for (let n = 0; n < 40; n += 1) answers.push(await lab.zone.sendEmail({ ...letter(), body: 'x'.repeat(60_000) }));
      const refused = answers.filter((answer) => isRefusal(answer, 'unavailable') || isCut(answer)).length;
      return trial(
        refused > 0 &&
          lab.instance.sent().length ===
            lab.instance.count("SELECT count(*) FROM journal WHERE state = 'succeeded' AND act = 'send_email'"),
        `${refused} of 40 refused`,
      );
    }),
    full(
      'dsk-02',
      'the disk full between approval and act',
      async (lab, fill) => {
        const params = { ...letter(), body: 'y'.repeat(90_000) };
        const { rid, token } = await lab.zone.approved(params);
        fill();
        const answer = await lab.zone.execute(token, params);
        await sleep(2_500);
        const sent = lab.instance.sentWith(params.subject);
        const state = lab.instance.text('SELECT group_concat(state) FROM journal WHERE rid = ?', rid);
        // It may have had room; then it was done and is known to have been. Anything else is not sent.
        return trial(
          sent === 0 || (sent === 1 && state === 'succeeded'),
          `${brief(answer)}, ${state || 'no intent'}, ${sent} sent`,
        );
      },
      false,
    ),
    full('dsk-03', 'the disk full, and then `kill`', async ({ instance }) => {
      const io = { out: () => undefined, err: () => undefined, env: { HARDSHELL_HOME: instance.home } };
      const code = await kill({ simulate: false, json: true }, io);
      await instance.gone();
      const left = instance.processes().length;
      const refused = await instance.tryUp();
      return trial(
        code === 0 && left === 0 && refused === 1,
        `${left} left, \`up\` ${refused === 1 ? 'refused' : 'NOT refused'}`,
      );
    }),
    full(
      'dsk-04',
      'the disk full while mail comes in',
      async ({ instance }, fill) => {
        const folder = join(instance.home, 'mail', 'in');
        const before = instance.count('SELECT count(*) FROM contents');
        for (let n = 0; n < 3; n += 1) writeFileSync(join(folder, `.full${n}.part`), eml({ body: 'z'.repeat(50_000) }));
        fill();
        for (let n = 0; n < 3; n += 1) renameSync(join(folder, `.full${n}.part`), join(folder, `full${n}.eml`));
        await sleep(2_000);
        const status = await instance.owner.ask({ type: 'status' });
        const taken = instance.count('SELECT count(*) FROM contents') - before;
        // Taken from the top of the folder they have other names; they are known by their size.
        const kept = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
          (entry) => entry.isFile() && statSync(join(entry.parentPath, entry.name)).size > 50_000,
        ).length;
        return trial(
          status['type'] === 'status' && status['ready'] === false && taken + kept >= 3,
          `${taken} taken in, ${kept} left where they are, ready: ${String(status['ready'])}`,
        );
      },
      false,
    ),
    readOnly(),
  ],
});

async function openDiskLab(): Promise<DiskLab> {
  const mount = mkdtempSync(join(tmpdir(), 'hs-rtd-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=160m,mode=0755', 'hardshell-redteam', mount]);
  if (mounted.status !== 0) throw new Error('the small disk could not be mounted');
  const instance = await Instance.start({ planner: 'planner', policy: roomyPolicy, config: ROOMY_CONFIG, base: mount });
  const wire = await instance.wire();
  const session = textOf(await wire.ask({ type: 'hello', v: 1 }), 'session');
  return { instance, mount, zone: await openZone(instance, session, 'zone2-planner') };
}

/** Takes all the room there is, to the last page. */
function fillUp(mount: string): void {
  const path = join(mount, 'filler');
  writeFileSync(path, '');
  for (const size of [8 * MIB, MIB, 65_536, 4_096]) {
    try {
      for (;;) appendFileSync(path, Buffer.alloc(size, 1));
    } catch {
      // No room for this much any more; less may fit.
    }
  }
}

function full(
  id: string,
  title: string,
  attack: (lab: DiskLab, fill: () => void) => Promise<Trial>,
  filled = true,
): Attack<DiskLab> {
  return {
    id,
    attacker: 'disk',
    title,
    expect: 'refused or done, never half; nothing without a record',
    attack: async (lab) => {
      if (filled) fillUp(lab.mount);
      const free = (): number => statfsSync(lab.mount).bavail;
      try {
        const seen = await attack(lab, () => fillUp(lab.mount));
        return trial(seen.ok, `${seen.saw} (${free()} pages free)`);
      } finally {
        rmSync(join(lab.mount, 'filler'), { force: true });
      }
    },
    twin: AFTERWARDS,
    allowed: afterwards,
  };
}

async function afterwards({ instance, zone }: DiskLab): Promise<Trial> {
  await instance.down();
  const io = { out: () => undefined, err: () => undefined, env: { HARDSHELL_HOME: instance.home } };
  await revive({ json: true, provePresence: () => Promise.resolve({ ok: true, method: 'terminal' }) }, io);
  await instance.up();
  const params = letter();
  const sent = await zone.sends(params);
  const report = await instance.verify();
  const valid = report.kind === 'checked' && report.chain.kind === 'valid';
  return trial(sent && valid, `${instance.sentWith(params.subject)} sent, ${valid ? 'VALID' : 'not VALID'}`);
}

function readOnly(): Attack<DiskLab> {
  return {
    id: 'dsk-05',
    attacker: 'disk',
    title: 'started on a disk that cannot be written to',
    expect: 'refused with a sentence; nothing runs',
    attack: async ({ instance, mount }) => {
      await instance.down();
      const remounted = spawnSync('mount', ['-o', 'remount,ro', mount]).status;
      const code = await instance.tryUp();
      const left = instance.processes().length;
      spawnSync('mount', ['-o', 'remount,rw', mount]);
      return trial(
        remounted === 0 && code === 1 && left === 0,
        `${/hardshell: .+/.exec(instance.said)?.[0].slice(0, 120).replaceAll(mount, '') ?? 'it said nothing'}; ${left} left`,
      );
    },
    twin: AFTERWARDS,
    allowed: afterwards,
  };
}
