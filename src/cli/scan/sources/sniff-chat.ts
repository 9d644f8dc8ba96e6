/** As many bytes as `sniffChat` looks at: the first message of a file may be long. */
export const SNIFF_CHAT_BYTES = 65_536;

/**
 * Names of members and kinds of chats that only one service uses. INVARIANT: nothing that a person wrote can look like
 * one, since a quotation mark inside a JSON string has a backslash before it.
 */
const TELEGRAM =
  /"(?:update_id|message_id|from_id|date_unixtime|text_entities|forward_origin|personal_information|left_chats)"[ \t\r\n]*:|"type"[ \t\r\n]*:[ \t\r\n]*"(?:personal_chat|bot_chat|saved_messages|replies|verify_codes|(?:private|public)_(?:group|supergroup|channel))"/g;
const SLACK =
  /"(?:client_msg_id|thread_ts|user_team|source_team|user_profile|bot_profile|team_id|api_app_id|event_ts|envelope_id|ts)"[ \t\r\n]*:|"type"[ \t\r\n]*:[ \t\r\n]*"(?:event_callback|rich_text)"/g;
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
