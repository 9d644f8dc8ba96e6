const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const ZONES: Readonly<Record<string, number>> = {
  ut: 0, utc: 0, gmt: 0, z: 0, est: -300, edt: -240, cst: -360, cdt: -300, mst: -420, mdt: -360, pst: -480, pdt: -420,
}; // prettier-ignore
const SHAPE =
  /(\d{1,2})[\s-]+([a-z]{3})[a-z]*[\s-]+(\d{2,4})\s+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:\s*([+-]\d{4}|[a-z]{1,4}))?/i;

/** An RFC 5322 date (old two-digit years and zone names included) as ISO 8601 in UTC, or null. */
export function parseDate(field: string): string | null {
  const match = SHAPE.exec(field.slice(0, 200));
  if (match === null) return null;
  const month = MONTHS.indexOf((match[2] ?? '').toLowerCase());
  if (month < 0) return null;
  const written = Number(match[3]);
  const year = written < 50 ? written + 2000 : written < 1000 ? written + 1900 : written;
  const [day, hour, minute, second] = [Number(match[1]), Number(match[4]), Number(match[5]), Number(match[6] ?? 0)];
  if (day < 1 || day > 31 || hour > 24 || minute > 59 || second > 60 || year < 1970 || year > 9998) return null;
  const ms = Date.UTC(year, month, day, hour, minute, second) - offsetMinutes(match[7] ?? '') * 60_000;
  return Number.isFinite(ms) && ms >= 0 ? new Date(ms).toISOString() : null;
}

function offsetMinutes(zone: string): number {
  if (/^[+-]\d{4}$/.test(zone)) {
    const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3, 5));
    return zone.startsWith('-') ? -minutes : minutes;
  }
  return ZONES[zone.toLowerCase()] ?? 0;
}
