import { EGRESS_PORTS, STARTTLS_PORTS, type EgressReason } from '../contracts/index.ts';

export interface Target {
  readonly name: string;
  readonly port: number;
}

export type ParsedTarget =
  | { readonly ok: true; readonly target: Target }
  /** `name` and `port` as far as they could be read; not checked. */
  | { readonly ok: false; readonly reason: EgressReason; readonly name: string; readonly port: number };

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const NAME_CHARS_MAX = 253;

/** Reads the authority of a CONNECT. What it refuses is refused whatever stands on a list. */
export function parseTarget(authority: string): ParsedTarget {
  const colon = authority.lastIndexOf(':');
  const name = colon === -1 ? authority : authority.slice(0, colon);
  const digits = colon === -1 ? '' : authority.slice(colon + 1);
  const port = /^[1-9][0-9]{0,4}$/.test(digits) ? Number(digits) : 0;
  const refuse = (reason: EgressReason): ParsedTarget => ({ ok: false, reason, name, port });
  if (authority.includes('@')) return refuse('userinfo');
  if (/[[\]:]/.test(name) || isNumeric(name)) return refuse('ip_literal');
  if (port === 0 || port > 65_535 || name === '') return refuse('request_malformed');
  if (!isCanonicalName(name)) return refuse('name_not_canonical');
  if (Object.hasOwn(STARTTLS_PORTS, port)) return refuse('starttls_port');
  if (!EGRESS_PORTS.some((known) => known === port)) return refuse('port_refused');
  return { ok: true, target: { name, port } };
}

/** Lower-case labels of letters, digits and inner dashes; no final dot, no wildcard, nothing beyond ASCII. */
export function isCanonicalName(name: string): boolean {
  return name.length <= NAME_CHARS_MAX && name.split('.').every((label) => LABEL.test(label)) && !isNumeric(name);
}

/**
 * A last label of digits or `0x` makes a number of the whole for some resolver: `127.1`, `2130706433`, `0x7f.1`,
 * `0177.0.0.1`, with or without a final dot. No top-level domain looks like that.
 */
function isNumeric(name: string): boolean {
  const labels = name.replace(/\.+$/, '').split('.');
  return /^(?:[0-9]+|0[xX][0-9a-fA-F]*)$/.test(labels.at(-1) ?? '');
}
