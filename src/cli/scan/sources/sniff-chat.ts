/** As many bytes as `sniffChat` looks at: the first message of a file may be long. */
export const SNIFF_CHAT_BYTES = 65_536;

/**
 * Members and kinds of chats that only one service writes like this. INVARIANT: nothing that a person wrote can look
 * like one, since a quotation mark inside a JSON string has a backslash before it.
 */
const TELEGRAM = anyOf([
  '"(?:update_id|message_id)"~\\d',
  '"from_id"~(?:\\d|"(?:user|chat|channel)\\d)',
  '"date_unixtime"~"\\d',
  '"text_entities"~\\[',
  '"(?:forward_origin|personal_information|left_chats)"~\\{',
  '"type"~"(?:personal_chat|bot_chat|saved_messages|verify_codes|(?:private|public)_(?:group|supergroup|channel))"',
]);
const SLACK = anyOf([
  '"(?:client_msg_id|envelope_id)"~"',
  '"(?:ts|thread_ts|event_ts)"~"\\d{9,11}\\.\\d',
  '"(?:user_team|source_team|team_id|api_app_id)"~"[A-Z]',
  '"(?:user_profile|bot_profile)"~\\{',
  '"type"~"(?:event_callback|rich_text)"',
]);

/** A day of a Slack export. */
const DAY = /^\d{4}-\d\d-\d\d\.json$/;
/** What Slack puts beside the channels of an export: people and settings, no messages. */
const SLACK_LISTS =
  /^(?:users|org_users|channels|groups|dms|mpims|integration_logs|canvases|lists|huddle_transcripts|file_conversations)\.json$/;

/** Which service the messages of a JSON file come from, by the names of members in its first bytes and by its name. */
export function sniffChat(head: Buffer, name: string): 'telegram' | 'slack' | null {
  if (SLACK_LISTS.test(name)) return null;
  const text = head.toString('latin1');
  const [telegram, slack] = [text.match(TELEGRAM)?.length ?? 0, text.match(SLACK)?.length ?? 0];
  if (telegram > slack) return 'telegram';
  if (slack > telegram) return 'slack';
  if (DAY.test(name)) return 'slack';
  return name === 'result.json' ? 'telegram' : null;
}

/** `~` stands for the colon and the blanks around it. */
function anyOf(patterns: readonly string[]): RegExp {
  return new RegExp(patterns.join('|').replaceAll('~', '[ \\t\\r\\n]*:[ \\t\\r\\n]*'), 'g');
}
