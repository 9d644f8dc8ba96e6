import type { Extract } from '../../contracts/index.ts';
import type { ReaderPorts } from '../finish.ts';
import { ChatDraft } from './draft.ts';
import { parseChatJson } from './json.ts';

/** Reads one chat message with `lay`, which fills the draft from the parsed value. Total: any bytes give an extract. */
export function readChat(
  channel: 'telegram' | 'slack',
  raw: Uint8Array,
  { lay, ports }: { readonly lay: (value: unknown, draft: ChatDraft) => void; readonly ports: ReaderPorts },
): Extract {
  const draft = new ChatDraft(channel);
  const json = parseChatJson(raw);
  if (json.kind === 'failed') {
    draft.add(json.note.rule, 'medium', json.note.why);
    return draft.finish(json.text, ports);
  }
  for (const note of json.notes) draft.add(note.rule, 'medium', note.why);
  lay(json.value, draft);
  return draft.finish(json.value, ports);
}
