import type { Extract } from '../contracts/index.ts';
import { EXTRACT_LIMITS } from '../contracts/index.ts';
import { describeAttachment } from './attachments.ts';
import { readBody } from './body.ts';
import { Findings } from './findings.ts';
import { finish, type ReaderPorts } from './finish.ts';
import { HiddenRuns } from './hidden-runs.ts';
import { readMessageHeader } from './message-header.ts';
import { startOfMessage } from './mime/bytes.ts';
import { chooseDisplayed } from './mime/displayed.ts';
import { readTree } from './mime/tree.ts';
import { noteOutside } from './outside.ts';

/**
 * Reads one raw message (RFC 5322, at most `EXTRACT_LIMITS.rawBytesMax` bytes, longer ones are cut) into what a planner
 * may see. Total: any bytes give an extract, and it passes `extractSchema`. Cost is linear in the bytes.
 */
export function readEmail(raw: Uint8Array, ports: ReaderPorts): Extract {
  const findings = new Findings();
  const hidden = new HiddenRuns();
  const bytes = startOfMessage(raw.subarray(0, EXTRACT_LIMITS.rawBytesMax));
  const root = readTree(bytes, findings);
  const header = readMessageHeader(root.fields, hidden, findings);
  const displayed = chooseDisplayed(root, findings);
  noteOutside(root, hidden);
  const { text, links, contentType, cut } = readBody(displayed.shown, hidden, findings);
  const parts = {
    ...header,
    channel: 'email',
    text,
    links,
    contentType,
    attachments: () =>
      displayed.attachments
        .slice(0, EXTRACT_LIMITS.attachmentsMax)
        .map((part, index) => describeAttachment(part, index, ports.sha256Hex, findings)),
    attachmentsTotal: displayed.attachments.length,
    cut: cut || raw.length > EXTRACT_LIMITS.rawBytesMax,
  } as const;
  return finish(parts, { hidden, findings, ports });
}
