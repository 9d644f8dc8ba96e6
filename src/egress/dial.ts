import { connect, isIP, type Socket } from 'node:net';
import type { EgressReason } from '../contracts/index.ts';
import type { EgressLimits } from './limits.ts';

export type Dialled =
  { readonly ok: true; readonly socket: Socket } | { readonly ok: false; readonly reason: EgressReason };

/** Connects to the first of these addresses that answers. They were checked; no name is looked up here. */
export async function dial(
  addresses: readonly string[],
  port: number,
  limits: Pick<EgressLimits, 'dialMs' | 'addressesTriedMax'>,
): Promise<Dialled> {
  let last: Dialled = { ok: false, reason: 'connect_failed' };
  for (const address of addresses.slice(0, limits.addressesTriedMax)) {
    last = await dialOne(address, port, limits.dialMs);
    if (last.ok) return last;
  }
  return last;
}

function dialOne(address: string, port: number, dialMs: number): Promise<Dialled> {
  // INVARIANT: a name never comes here; `connect` would resolve it a second time.
  if (isIP(address) === 0) return Promise.resolve({ ok: false, reason: 'connect_failed' });
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, allowHalfOpen: true, noDelay: true });
    const settle = (result: Dialled): void => {
      clearTimeout(timer);
      socket.removeAllListeners('connect');
      if (!result.ok) socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => settle({ ok: false, reason: 'connect_timeout' }), dialMs);
    socket.once('connect', () => settle({ ok: true, socket }));
    // Stays: a socket that fails between here and the tunnel must not end the process.
    socket.on('error', () => settle({ ok: false, reason: 'connect_failed' }));
  });
}
