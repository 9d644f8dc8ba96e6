import type { ExtractAttachment } from '../contracts/index.ts';
import { EXTRACT_LIMITS } from '../contracts/index.ts';
import type { Findings } from './findings.ts';
import { excerpt } from './findings.ts';
import type { Part } from './mime/tree.ts';
import { decodeBody } from './mime/tree.ts';
import { cleanLine } from './text/clean.ts';
import { findInvisible } from './text/invisible.ts';

const RUNS =
  /\.(?:exe|scr|com|pif|bat|cmd|msi|msp|jar|js|jse|vbs?|vbe|wsf|wsh|hta|ps1|psm1|lnk|url|reg|cpl|dll|sys|app|dmg|pkg|sh|command|desktop|iso|img|vhdx?|chm|application|appx|msix|apk|scpt|workflow|one|library-ms|settingcontent-ms|iqy|slk|xll|wll)$/i;
const DOUBLE = /\.(?:pdf|docx?|xlsx?|pptx?|txt|rtf|jpe?g|png|gif|mp[34]|csv|html?|zip)\s*\.[a-z0-9]{1,8}$/i;
const PAGE = /\.(?:html?|xhtml|shtml|svg|mht(?:ml)?|xml)$/i;
const MACRO = /\.(?:docm|dotm|xlsm|xltm|xlam|pptm|potm|ppam|sldm)$/i;
const OPAQUE = /\.(?:zip|rar|7z|gz|bz2|xz|tar|tgz|cab|ace|arj|lzh|z|eml|msg|dat)$/i;
const TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/;

/** Describes one attachment: name, type, size and digest; its inside is not read. */
export function describeAttachment(
  part: Part,
  index: number,
  sha256Hex: (bytes: Uint8Array) => string,
  findings: Findings,
): ExtractAttachment {
  const bytes = decodeBody(part, Math.max(1, part.end - part.start));
  const name = part.disposition.params.get('filename') ?? part.contentType.params.get('name') ?? '';
  const facts = { name, type: part.contentType.value, bytes: bytes.length, sha256: sha256Hex(bytes) };
  return describeNamed(facts, index, findings);
}

/** The same for a file of which only the facts are known: `name` and `type` as they were written. */
export function describeNamed(facts: ExtractAttachment, index: number, findings: Findings): ExtractAttachment {
  const name = attachmentName(facts.name);
  const type = safeType(facts.type);
  inspectName(facts.name, name, type, index, findings);
  return { ...facts, name, type };
}

/** A media type in its strict form; anything else is opaque bytes. */
export function safeType(value: string): string {
  return TYPE.test(value) && value.length <= EXTRACT_LIMITS.nameCharsMax ? value : 'application/octet-stream';
}

/** The last segment of a path, cleaned. Folders in a name are an attack on whoever saves it. */
export function attachmentName(written: string): string {
  const last = written.split(/[/\\]/).at(-1) ?? '';
  const clean = cleanLine(last, 4_000).replace(/^\.+(?=\.|$)/, '');
  if (clean.length <= EXTRACT_LIMITS.nameCharsMax) return clean;
  const dot = clean.lastIndexOf('.');
  const ending = dot > 0 && clean.length - dot <= 16 ? clean.slice(dot) : '';
  return cleanLine(clean.slice(0, EXTRACT_LIMITS.nameCharsMax - ending.length), EXTRACT_LIMITS.nameCharsMax) + ending;
}

function inspectName(written: string, name: string, type: string, index: number, findings: Findings): void {
  const span = { part: 'attachments', start: index, end: index + 1 } as const;
  const invisible = findInvisible(written);
  const shown = excerpt(name, 60);
  if (invisible.bidi > 0)
    findings.add(
      'attachment_name_reversed',
      'high',
      `the name ${shown} turns its letters around to hide its ending`,
      span,
    );
  if (invisible.zeroWidth + invisible.tags + invisible.controls > 0) {
    findings.add('attachment_name_invisible', 'medium', `the name ${shown} holds characters that draw nothing`, span);
  }
  if (/[/\\]/.test(written))
    findings.add('attachment_name_path', 'medium', `the name of ${shown} holds a path, which was cut off`, span);
  if (/\s{6,}/.test(written))
    findings.add('attachment_name_padded', 'high', `the name ${shown} hides its ending behind blanks`, span);
  if (DOUBLE.test(name) && (RUNS.test(name) || PAGE.test(name))) {
    findings.add('attachment_double_extension', 'high', `${shown} shows one kind of file and is another`, span);
  } else if (
    RUNS.test(name) ||
    /^application\/(?:x-msdownload|x-msdos-program|x-sh|javascript|java-archive|hta)$/.test(type)
  ) {
    findings.add('attachment_executable', 'high', `${shown} is a program`, span);
  } else if (MACRO.test(name)) findings.add('attachment_macro', 'medium', `${shown} can hold macros`, span);
  else if (PAGE.test(name) || type === 'text/html')
    findings.add('attachment_page', 'medium', `${shown} is a page that can act when it is opened`, span);
  else if (type === 'application/ms-tnef' || /^winmail\.dat$/i.test(name))
    findings.add('attachment_tnef', 'low', 'a TNEF container was not opened', span);
  else if (OPAQUE.test(name) || /encrypted|pkcs7-mime/.test(type))
    findings.add('attachment_opaque', 'info', `${shown} was not opened`, span);
}
