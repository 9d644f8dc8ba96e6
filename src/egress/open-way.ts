import type { Socket } from 'node:net';
import type { EgressReason } from '../contracts/index.ts';
import { judgeTarget, type AllowList } from './allow-list.ts';
import { dial } from './dial.ts';
import { passClientHello, passServerHello } from './gates.ts';
import type { EgressLimits } from './limits.ts';
import { resolveOnce, type NameResolver } from './resolve.ts';
import { parseTarget, type Target } from './target.ts';
import { Tunnel } from './tunnel.ts';

export interface Ways {
  readonly allow: AllowList;
  readonly limits: EgressLimits;
  /** A fresh one for each name. */
  readonly makeResolver: () => NameResolver;
}

export type Way =
  | { readonly ok: true; readonly target: Target; readonly server: Socket }
  | { readonly ok: false; readonly reason: EgressReason; readonly name: string; readonly port: number };

/** From the words of a CONNECT to a connected server. A name that is not listed is never resolved. */
export async function openWay(authority: string, ways: Ways): Promise<Way> {
  const parsed = parseTarget(authority);
  if (!parsed.ok) return parsed;
  const { target } = parsed;
  const refuse = (reason: EgressReason): Way => ({ ok: false, reason, ...target });
  const unlisted = judgeTarget(target, ways.allow);
  if (unlisted !== undefined) return refuse(unlisted);
  const resolved = await resolveOnce(target.name, ways.makeResolver(), ways.limits);
  if (!resolved.ok) return refuse(resolved.reason);
  const dialled = await dial(resolved.addresses, target.port, ways.limits);
  return dialled.ok ? { ok: true, target, server: dialled.socket } : refuse(dialled.reason);
}

export type Shaken =
  { readonly ok: true; readonly tunnel: Tunnel } | { readonly ok: false; readonly reason: EgressReason };

/**
 * The client's hello, the server's answer, and where that asks for it the second hello, each read whole and checked
 * before it is handed on. Only then does the tunnel carry bytes unread. Until the server has answered nothing further
 * of the client goes out: a second hello with another name would otherwise slip in behind the first.
 */
export async function shakeHands(
  client: Socket,
  way: { readonly target: Target; readonly server: Socket },
  limits: EgressLimits,
): Promise<Shaken> {
  const { server, target } = way;
  const first = await passClientHello(client, { name: target.name, again: false }, limits);
  if (!first.ok) return first;
  const tunnel = new Tunnel(client, server, limits);
  tunnel.sendOut(first.bytes);
  const answer = await passServerHello(server, limits);
  if (!answer.ok) return answer;
  tunnel.sendIn(answer.bytes);
  tunnel.startInbound();
  if (answer.retry) {
    const second = await passClientHello(client, { name: target.name, again: true }, limits);
    if (!second.ok) return second;
    tunnel.sendOut(second.bytes);
  }
  tunnel.startOutbound();
  return { ok: true, tunnel };
}
