import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { trial, type Attack, type Trial } from '../attack.ts';
import { eml, mark } from '../lab/mail.ts';
import { sleep, until } from '../lab/wait.ts';
import { answered, ANSWERED, type MailLab } from './mail-lab.ts';

/** A message that is meant to cost: whatever becomes of it, the next one is read. */
export function bomb(id: string, title: string, make: () => Buffer): Attack<MailLab> {
  return {
    id,
    attacker: 'mail',
    title,
    expect: 'read, given up or refused; the executor and the next mail do not suffer',
    attack: async (lab) => {
      const executor = lab.instance.pidsOf('zone1-executor').join();
      const known = lab.instance.count('SELECT count(*) FROM contents');
      lab.instance.deliver(mark('bomb'), make());
      await sleep(500);
      const next = await answeredSoon(lab);
      const state = lab.instance.text(
        'SELECT group_concat(state) FROM (SELECT state FROM contents ORDER BY received_ms, rowid LIMIT 1 OFFSET ?)',
        String(known),
      );
      const same = lab.instance.pidsOf('zone1-executor').join() === executor;
      return trial(
        next.ok && same,
        `${state === '' ? 'refused' : state}; then ${next.saw}${same ? '' : '; the executor was started again'}`,
      );
    },
    twin: ANSWERED,
    allowed: answered,
  };
}

/** The next mail by its own sender, since the bomb may be read after it. */
async function answeredSoon({ instance }: MailLab): Promise<Trial> {
  const sender = `${mark('next')}@example.org`;
  instance.deliver(sender, eml({ from: sender }));
  const rid = await until(
    'the next mail’s proposal',
    () => instance.text("SELECT rid FROM approvals WHERE content LIKE '%' || ? || '%'", sender) || undefined,
    75_000,
  );
  const question = await instance.owner.find(rid);
  await instance.owner.answer(question, 'deny');
  return trial(true, 'the next is answered');
}

export function nested(depth: number): Buffer {
  let body = 'Content-Type: text/plain\r\n\r\nthe core\r\n';
  for (let n = 0; n < depth; n += 1)
    body = `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n${body}\r\n--b${n}--\r\n`;
  return Buffer.from(`From: ann@example.org\r\nTo: owner@localhost\r\nSubject: deep\r\n${body}`);
}

export function planted(): Attack<MailLab> {
  return {
    id: 'mai-15',
    attacker: 'neighbour',
    title: 'links, pipes and folders planted in `mail/in`, and names that speak to a terminal',
    expect: 'never followed; the next mail is read',
    attack: async (lab) => {
      const folder = join(lab.instance.home, 'mail', 'in');
      symlinkSync('/etc/passwd', join(folder, 'passwd.eml'));
      symlinkSync('../../keys/checkpoint.key', join(folder, 'new', 'key'));
      execFileSync('mkfifo', [join(folder, 'pipe.eml')]);
      mkdirSync(join(folder, 'folder.eml'));
      lab.instance.deliver('odd\u001b[2J name', eml({ from: 'no-reply@example.org' }));
      const next = await answeredSoon(lab);
      const taken = lab.instance.count(
        "SELECT count(*) FROM contents WHERE raw LIKE '%root:x:0%' OR raw LIKE '%PRIVATE KEY%' OR extract LIKE '%root:x:0%'",
      );
      for (const name of ['passwd.eml', join('new', 'key'), 'pipe.eml'])
        if (existsSync(join(folder, name))) unlinkSync(join(folder, name));
      return trial(next.ok && taken === 0, `${taken} followed; ${next.saw}`);
    },
    twin: ANSWERED,
    allowed: answered,
  };
}
