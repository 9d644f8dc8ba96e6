/** What a property list holds here. */
export type PlistValue = string | number | boolean | readonly PlistValue[] | { readonly [key: string]: PlistValue };

/** A property list as XML. Keys in the order given; text escaped; nothing that XML cannot carry. */
export function renderPlist(value: Readonly<Record<string, PlistValue>>): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    ...render(value, ''),
    '</plist>',
    '',
  ].join('\n');
}

function render(value: PlistValue, indent: string): string[] {
  const deeper = `${indent}  `;
  if (typeof value === 'string') return [`${indent}<string>${escapeXml(value)}</string>`];
  if (typeof value === 'boolean') return [`${indent}<${value ? 'true' : 'false'}/>`];
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new TypeError('a property list of ours holds whole numbers');
    return [`${indent}<integer>${value}</integer>`];
  }
  if (isList(value)) return [`${indent}<array>`, ...value.flatMap((item) => render(item, deeper)), `${indent}</array>`];
  const members = Object.entries(value).flatMap(([key, member]) => [
    `${deeper}<key>${escapeXml(key)}</key>`,
    ...render(member, deeper),
  ]);
  return [`${indent}<dict>`, ...members, `${indent}</dict>`];
}

function isList(value: PlistValue): value is readonly PlistValue[] {
  return Array.isArray(value);
}

function escapeXml(text: string): string {
  if (/[^\t\n\x20-\ud7ff\ue000-\ufffd]/.test(text)) throw new TypeError('a character that XML cannot carry');
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
