import { existsSync } from 'node:fs';
import { homeFile, type Context } from '../context.ts';
import { Failure, wrongUse } from '../failure.ts';
import {
  given,
  passphraseFd,
  PASSPHRASE_FD,
  RESTORE,
  YES,
  type CommandSpec,
  type Input,
  type OptionSpec,
} from './spec.ts';

const FILE: OptionSpec = { flags: '--file <file>', what: 'a policy other than `policy.cedar` in the home' };

/** Policy and record: what is decided, and what was. */
export const EVIDENCE_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'policy check',
    args: '[file]',
    what: 'validate a policy file',
    examples: [['hardshell policy check', 'the one in the home']],
    run: async (input, context) =>
      (await import('../commands/policy.ts')).policyCheck(
        { file: input.args[0] ?? homeFile(context, 'policy.cedar'), json: context.json },
        context.io,
      ),
  },
  {
    name: 'policy explain',
    what: 'say one decision in a sentence',
    options: [
      { flags: '--request <id>', what: 'a request that was made' },
      { flags: '--action <name>', what: 'an action, such as `send_email`' },
      { flags: '--to <address>', what: 'a destination; may be given several times', many: true },
      { flags: '--audience <who>', what: 'self, contact, unknown, group, public or service' },
      { flags: '--origin <what>', what: 'item, instruction, standing or task' },
      { flags: '--reader <address>', what: 'claimed sender of what was read; several times', many: true },
      { flags: '--confidentiality <level>', what: 'public, private or secret' },
      { flags: '--trusted', what: 'content and destinations come from you' },
      { flags: '--named', what: 'you typed the destinations' },
      { flags: '--warned <n>', what: 'how many sources the reader flagged' },
      FILE,
    ],
    examples: [
      ['hardshell policy explain --action send_email --to ann@example.org', 'as if a mail asked for it'],
      ['hardshell policy explain --request r_…', 'why it was decided so'],
    ],
    run: async (input, context) => {
      const { policyExplain } = await import('../commands/policy.ts');
      if (input.text('request') === undefined && input.text('action') === undefined)
        throw wrongUse('name what to explain: `--action NAME` or `--request ID`');
      const options = given({
        request: input.text('request'),
        action: input.text('action'),
        audience: input.text('audience'),
        origin: input.text('origin'),
        confidentiality: input.text('confidentiality'),
        warned: input.whole('warned', { min: 0, max: 100 }),
      });
      const people = {
        to: input.list('to'),
        readers: input.list('reader'),
        trusted: input.on('trusted'),
        named: input.on('named'),
      };
      return policyExplain({ ...policyFile(input, context), ...options, ...people }, context.io, {
        ask: context.control().askRaw,
      });
    },
  },
  {
    name: 'policy test',
    args: '<scenarios>',
    what: 'run scenarios and compare',
    options: [FILE],
    examples: [['hardshell policy test scenarios.json', '1 when one of them comes out otherwise']],
    run: async (input, context) =>
      (await import('../commands/policy.ts')).policyTest(
        { ...policyFile(input, context), scenarios: input.args[0] ?? '' },
        context.io,
      ),
  },
  {
    name: 'policy replay',
    what: 'what a policy would change on recorded requests',
    options: [{ flags: '--limit <n>', what: 'how many of the newest (200)' }, FILE],
    examples: [['hardshell policy replay --file new.cedar', 'before you put it in place']],
    run: async (input, context) => {
      const { policyReplay } = await import('../commands/policy-live.ts');
      const limit = given({ limit: input.whole('limit', { min: 1, max: 1_000 }) });
      return policyReplay({ ...policyFile(input, context), ...limit }, context.io, { ask: context.control().askRaw });
    },
  },
  {
    name: 'policy confirm',
    what: 'show what changed in the policy, and take it into force',
    options: [YES, RESTORE, PASSPHRASE_FD],
    examples: [
      ['hardshell policy confirm', 'until then nothing is sent'],
      ['hardshell policy confirm --restore', 'the file is gone, or somebody else changed it'],
    ],
    run: async (input, context) => {
      if (input.on('restore')) {
        const { restoreFile } = await import('../commands/confirm.ts');
        return restoreFile({ name: 'policy', yes: input.on('yes'), passphraseFd: passphraseFd(input) }, context);
      }
      const { policyConfirm } = await import('../commands/policy-live.ts');
      const { provePresence } = await import('../presence.ts');
      const how = { yes: input.on('yes'), passphraseFd: passphraseFd(input), question: 'take this policy into force?' };
      return policyConfirm({ json: context.json }, context.io, {
        ask: context.control().askRaw,
        presence: ({ name, digest }) => provePresence(context, { type: 'confirm', name, digest }, how),
      });
    },
  },
  {
    name: 'audit-log verify',
    what: 'check the whole record, and how far others can vouch for it',
    options: [
      { flags: '--checkpoint <file>', what: 'a checkpoint kept elsewhere; several times', many: true },
      { flags: '--root <size:hex>', what: 'size and root as an approval showed them; several times', many: true },
      { flags: '--key <key>', what: 'verifier key, or a file with one' },
      { flags: '--require-checkpoint', what: 'exit 1 without a checkpoint from outside' },
      { flags: '--threads <n>', what: 'threads to use' },
    ],
    examples: [
      ['hardshell audit-log verify', 'chain and checkpoint'],
      ['hardshell audit-log verify --checkpoint /media/stick/hs.note', 'against one you kept'],
    ],
    run: async (input, context) => {
      const { auditLogVerify } = await import('../commands/audit-log.ts');
      const options = given({ key: input.text('key'), threads: input.whole('threads', { min: 1, max: 64 }) });
      const lists = {
        checkpoint: input.list('checkpoint'),
        root: input.list('root'),
        requireCheckpoint: input.on('requireCheckpoint'),
      };
      const code = await auditLogVerify(
        { ...auditPlace(context), ...options, ...lists, json: context.json },
        context.io,
      );
      context.io.progress('');
      return code;
    },
  },
  {
    name: 'audit-log show',
    args: '[entry]',
    what: 'the last entries, or one',
    options: [
      { flags: '--last <n>', what: 'how many (20)' },
      { flags: '--event <name>', what: 'only this event' },
      { flags: '--since <time>', what: 'from this date or time on' },
      { flags: '--proof', what: 'prove that the entry is in a checkpoint' },
      { flags: '--checkpoint <file>', what: 'the checkpoint the proof leads to' },
    ],
    examples: [
      ['hardshell audit-log show --event approval_answered', 'who answered when'],
      ['hardshell audit-log show 42 --proof --checkpoint hs.note', 'evidence for somebody else'],
    ],
    run: async (input, context) => {
      const { auditLogShow } = await import('../commands/audit-log-show.ts');
      const [entry] = input.args;
      if (entry !== undefined && !/^\d{1,15}$/.test(entry)) throw wrongUse('an entry is named by its number');
      const options = given({
        entry: entry === undefined ? undefined : Number(entry),
        last: input.whole('last', { min: 1, max: 100_000 }),
        event: input.text('event'),
        since: input.text('since'),
        checkpoint: input.text('checkpoint'),
      });
      return auditLogShow(
        { ...auditPlace(context), ...options, proof: input.on('proof'), json: context.json },
        context.io,
      );
    },
  },
  {
    name: 'audit-log checkpoint',
    what: 'verify the record and sign its head, to be kept elsewhere',
    options: [
      { flags: '--out <file>', what: 'write it there instead of printing it' },
      { flags: '--consistency <file>', what: 'prove that the log extends this older checkpoint' },
    ],
    examples: [
      ['hardshell audit-log checkpoint --out /media/stick/hs.note', 'evidence that this machine cannot change'],
    ],
    run: async (input, context) => {
      const { auditLogCheckpoint } = await import('../commands/audit-log.ts');
      const options = given({ out: input.text('out'), consistency: input.text('consistency') });
      return auditLogCheckpoint({ ...auditPlace(context), ...options, json: context.json }, context.io);
    },
  },
];

function policyFile(input: Input, context: Context): { readonly file: string; readonly json: boolean } {
  return { file: input.text('file') ?? homeFile(context, 'policy.cedar'), json: context.json };
}

function auditPlace(context: Context): { readonly auditDir: string; readonly keyPath: string } {
  const auditDir = homeFile(context, 'audit');
  if (!existsSync(auditDir))
    throw new Failure(
      `there is no log in \`${context.paths().home}\`; \`hardshell up\` begins one, or name the home with \`--home\``,
    );
  return { auditDir, keyPath: homeFile(context, 'keys', 'checkpoint.key') };
}
