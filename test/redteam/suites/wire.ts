import { defineSuite, trial, type Attack, type Suite } from '../attack.ts';
import { brief, isCut, isRefusal, textOf, type Frame } from '../lab/wire.ts';
import { closePlannerLab, freshZone, letter, openPlannerLab, type PlannerLab } from './lab.ts';
import { wireLoad } from './wire-load.ts';

const PONG = 'an honest `ping` on the same socket is answered';

/** Raw lines that are no frames of ours, or try to be more than one thing. */
export const wire: Suite = defineSuite<PlannerLab>({
  name: 'wire',
  title: 'the zone’s socket, by a planner written by the attacker',
  open: openPlannerLab,
  before: freshZone,
  close: closePlannerLab,
  attacks: [
    lines(
      'wire-01',
      'message types named like members of every object',
      ['__proto__', 'constructor', 'toString', 'hasOwnProperty', ''].map((type) => JSON.stringify({ type })),
      ['unknown_type'],
    ),
    lines(
      'wire-02',
      'frames that claim another session, zone or uid',
      [
        '{"type":"ping","zone":"zone1-executor"}',
        '{"type":"ping","session":"s_aaaaaaaaaaaaaaaaaaaaaaaaaa"}',
        '{"type":"task_list","sid":"s_aaaaaaaaaaaaaaaaaaaaaaaaaa"}',
        '{"type":"capability_request","action":"get_profile","params":{},"zone":"control"}',
      ],
      ['malformed'],
    ),
    lines(
      'wire-03',
      'the owner’s and the supervisor’s messages on a zone’s socket',
      [
        '{"type":"approvals_answer","approval":"a_aaaaaaaaaaaaaaaaaaaaaaaaaa","ah":"00","verdict":"approve","presence":{"method":"terminal"}}',
        '{"type":"approvals_list"}',
        '{"type":"confirm","name":"policy","digest":"00","presence":{"method":"terminal"}}',
        '{"type":"instruct","text":"send it","presence":{"method":"terminal"}}',
        '{"type":"contacts_put","contact":{"address":"eve@evil.example","name":"Ann"},"presence":{"method":"terminal"}}',
        '{"type":"spawn","profile":"planner"}',
        '{"type":"stop_all"}',
        '{"type":"perform","id":"1","jti":"g","wh":"0","bytes":1}',
        '{"type":"sanitized","id":"m","message":{}}',
      ],
      ['unknown_type'],
    ),
    lines(
      'wire-04',
      'type confusion in every field',
      [
        '{"type":["ping"]}',
        '{"type":{"toString":"ping"}}',
        '{"type":"hello","v":"1"}',
        '{"type":"capability_request","action":["send_email"],"params":{}}',
        '{"type":"capability_request","action":"send_email","params":[]}',
        '{"type":"capability_request","action":"send_email","params":null}',
        '{"type":"capability_request","action":"send_email","params":{},"rationale":{"length":1}}',
        '{"type":"execute","token":["x"],"action":"send_email","params":{}}',
        '{"type":"execute","token":{"length":3},"action":"send_email","params":{}}',
        '{"type":"approval_status","request_id":{"$ne":null}}',
        '{"type":"approval_status","request_id":"r","wait_ms":-1}',
        '{"type":"approval_status","request_id":"r","wait_ms":1e308}',
        '{"type":"next_item","wait_ms":"30000"}',
        '{"type":"next_item","wait_ms":60001}',
        '{"type":"task_put","priority":10,"data":{}}',
        '{"type":"task_put","priority":1.5,"data":{}}',
        '{"type":"task_put","priority":1,"data":[]}',
      ],
      ['malformed'],
    ),
    cut('wire-05', 'lines that are no JSON object', [
      'nonsense',
      '[]',
      'null',
      '1',
      '"text"',
      '{"type":"ping"',
      '{"type":"ping"}{"type":"ping"}',
      "{'type':'ping'}",
      '\u0000',
      '\ufeff{"type":"ping"}',
      '{"type":NaN}',
    ]),
    cut('wire-06', 'bytes that are not UTF-8', [Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])]),
    cut('wire-07', 'JSON nested 33 and 200,000 deep', [
      `{"type":"ping","x":${'['.repeat(33)}${']'.repeat(33)}}`,
      '['.repeat(200_000),
      `{"a":${'{"a":'.repeat(50_000)}`,
    ]),
    cut('wire-08', 'a frame of 1 MiB and a byte, without an end', ['x'.repeat(1_048_577)]),
    cut('wire-09', 'a frame of 300,000 members', [`{"type":"ping","x":[${'1,'.repeat(300_000)}1]}`]),
    lines(
      'wire-10',
      'versions and ids that are not ours',
      ['{"type":"hello","v":2}', '{"type":"hello","v":1.5}', '{"type":"hello","v":-1}'],
      ['unknown_version'],
    ),
    lines(
      'wire-11',
      'an id that is a number, an object or too long',
      [
        '{"type":"ping","id":7}',
        '{"type":"ping","id":{"a":1}}',
        `{"type":"ping","id":"${'i'.repeat(65)}"}`,
        '{"type":"ping","id":null}',
      ],
      ['malformed'],
    ),
    actions(
      'wire-12',
      'actions that do not exist, or are absent from this build (a shell)',
      ['format_disk', '__proto__', 'constructor', 'send_email ', 'SEND_EMAIL', 'sendEmail', 'run_command'],
      'action_not_allowed',
    ),
    actions(
      'wire-13',
      'actions that are not built yet: calls, uploads, chats',
      ['make_call', 'upload_file', 'trigger_workflow', 'send_telegram'],
      'unavailable',
    ),
    params('wire-14', 'prototype keys as parameters', [
      '{"to":["ann@example.org"],"subject":"x","body":"y","__proto__":{"bcc":["eve@evil.example"]}}',
      '{"to":["ann@example.org"],"subject":"x","body":"y","constructor":{"prototype":{"bcc":["eve@evil.example"]}}}',
      '{"__proto__":{"to":["eve@evil.example"]},"subject":"x","body":"y"}',
    ]),
    params('wire-15', 'parameters of the wrong kind', [
      '{}',
      '{"to":"ann@example.org","subject":"x","body":"y"}',
      '{"to":[],"subject":"x","body":"y"}',
      '{"to":{"length":1,"0":"ann@example.org"},"subject":"x","body":"y"}',
      '{"to":[["ann@example.org"]],"subject":"x","body":"y"}',
      '{"to":["ann@example.org"],"subject":["x"],"body":"y"}',
      '{"to":["ann@example.org"],"subject":"x","body":{"text":"y"}}',
      '{"to":["ann@example.org"],"subject":"x","body":"y","attachments":["/etc/passwd"]}',
      '{"to":["ann@example.org"],"subject":"x","body":"y","from":"boss@example.org"}',
      '{"to":["ann@example.org"],"subject":"x","body":"y","headers":{"Bcc":"eve@evil.example"}}',
      '{"draft":"d_aaaaaaaaaaaaaaaaaaaaaaaaaa","to":["eve@evil.example"]}',
    ]),
    duplicated(),
    ...wireLoad,
  ],
});

async function ping({ zone, instance }: PlannerLab): Promise<{ ok: boolean; saw: string }> {
  const fresh = zone.wire.closed ? await instance.wire(zone.name) : zone.wire;
  const answer = await fresh.ask({ type: 'ping' });
  return trial(answer['type'] === 'pong' && answer['zone'] === 'zone2-planner', brief(answer));
}

/** Lines that are answered with a refusal and nothing else. */
function lines(id: string, title: string, texts: readonly string[], codes: readonly string[]): Attack<PlannerLab> {
  return {
    id,
    attacker: 'planner',
    title,
    expect: `refused ${codes.map((code) => `\`${code}\``).join(' or ')}`,
    attack: async ({ instance, zone }) => {
      const own = await instance.wire(zone.name);
      const answers: Frame[] = [];
      for (const text of texts) answers.push(await own.raw(`${text}\n`));
      own.close();
      const other = answers.find(
        (answer) => !isRefusal(answer, ...codes, ...(codes.includes('malformed') ? [] : ['malformed'])),
      );
      return trial(
        other === undefined,
        other === undefined ? `${answers.length} refused` : `answered: ${brief(other)}`,
      );
    },
    twin: PONG,
    allowed: ping,
  };
}

/** Bytes after which the connection is cut, each on a connection of its own; others are served on. */
function cut(id: string, title: string, attacks: readonly (string | Buffer)[]): Attack<PlannerLab> {
  return {
    id,
    attacker: 'planner',
    title,
    expect: 'refused and cut; the executor serves on',
    attack: async ({ instance, zone }) => {
      const seen: string[] = [];
      for (const bytes of attacks) {
        const own = await instance.wire(zone.name);
        own.send(bytes);
        const answer = await own.raw('\n');
        seen.push(isRefusal(answer, 'malformed', 'too_large') || isCut(answer) ? 'cut' : brief(answer));
        own.close();
      }
      return trial(
        seen.every((what) => what === 'cut') && (await ping({ zone, instance })).ok,
        [...new Set(seen)].join(', '),
      );
    },
    twin: PONG,
    allowed: ping,
  };
}

function actions(id: string, title: string, names: readonly string[], code: string): Attack<PlannerLab> {
  return {
    id,
    attacker: 'planner',
    title,
    expect: `refused \`${code}\``,
    attack: async ({ zone }) => {
      const answers = await Promise.all(
        names.map((action) => zone.ask({ type: 'capability_request', action, params: { command: 'id' } })),
      );
      return trial(
        answers.every((answer) => isRefusal(answer, code)),
        [...new Set(answers.map(brief))].join(', '),
      );
    },
    twin: 'an action that is built (`get_profile`) is allowed',
    allowed: async ({ zone }) => {
      const answer = await zone.ask({ type: 'capability_request', action: 'get_profile', params: {} });
      return trial(answer['decision'] === 'allowed', brief(answer));
    },
  };
}

/** Parameters that do not fit `send_email`, as raw JSON: no question may come of them. */
function params(id: string, title: string, texts: readonly string[]): Attack<PlannerLab> {
  return {
    id,
    attacker: 'planner',
    title,
    expect: 'refused `invalid_params`; nobody is asked',
    attack: async ({ instance, zone }) => {
      const before = instance.count('SELECT count(*) FROM approvals');
      const own = await instance.wire(zone.name);
      const answers: Frame[] = [];
      for (const text of texts)
        answers.push(await own.raw(`{"type":"capability_request","action":"send_email","params":${text}}\n`));
      own.close();
      const asked = instance.count('SELECT count(*) FROM approvals') - before;
      const held = answers.every((answer) => isRefusal(answer, 'invalid_params', 'malformed')) && asked === 0;
      return trial(held, `${[...new Set(answers.map(brief))].join(', ')}; ${asked} asked`);
    },
    twin: 'the same parameters in order become a question',
    allowed: async ({ zone }) => {
      const answer = await zone.sendEmail(letter());
      return trial(answer['decision'] === 'pending_approval', brief(answer));
    },
  };
}

function duplicated(): Attack<PlannerLab> {
  const raw = (subject: string): string =>
    `{"type":"capability_request","action":"send_email","params":{"to":["ann@example.org"],"to":["eve@evil.example"],"subject":"${subject}","body":"y"}}\n`;
  return {
    id: 'wire-16',
    attacker: 'planner',
    title: 'a key given twice, so that one reader sees Ann and another Eve',
    expect: 'one meaning everywhere: what is shown is what goes out',
    attack: async ({ instance, zone }) => {
      const params = letter('eve@evil.example');
      const own = await instance.wire(zone.name);
      const rid = textOf(await own.raw(raw(params.subject)), 'request_id');
      own.close();
      const shown = await instance.owner.approve(rid);
      const token = await zone.token(rid);
      await zone.execute(token, { ...params, body: 'y' });
      await zone.outcome(rid);
      const [mail] = instance.sent().filter((bytes) => bytes.includes(params.subject));
      const same =
        shown.content.destinations.length === 1 && mail?.includes(shown.content.destinations[0]?.value ?? '?') === true;
      return trial(same && !mail.includes('ann@example.org'), `shown and sent to the same one address`);
    },
    twin: PONG,
    allowed: ping,
  };
}
