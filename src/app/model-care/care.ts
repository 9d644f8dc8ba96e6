export type Answer = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string };

/** Names of the models in an answer of the server; it is on this machine and still only believed as far as this. */
export function readNames(text: string): string[] {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('models' in value) || !Array.isArray(value.models)) return [];
    return value.models.flatMap((model: unknown) =>
      typeof model === 'object' && model !== null && 'name' in model && typeof model.name === 'string'
        ? [model.name]
        : [],
    );
  } catch {
    return [];
  }
}

/** Share of memory that programs can still get, in whole per cent, from the text of /proc/meminfo. */
export function freePercent(meminfo: string): number | null {
  const kib = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(meminfo)?.[1] ?? Number.NaN);
  const percent = Math.floor((kib('MemAvailable') / kib('MemTotal')) * 100);
  return Number.isFinite(percent) ? percent : null;
}
