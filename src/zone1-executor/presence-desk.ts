import { accepted, refused, type Outcome } from '../contracts/index.ts';
import { claimOf, isPresenceKey, verifyPresence, type PresenceNonce } from '../control/index.ts';
import { sql } from '../state/index.ts';
import type { PresencePort, ProvenMethod } from './control-desk/desk.ts';
import type { Station } from './ports.ts';

const KEY = 'presence_key';
const NONCE_MS = 120_000;
const NONCES_MAX = 1_000;

/**
 * Verifies proofs against the public key that was enrolled; keeps the nonces that were given out.
 * `terminalAllowed`: a checkout instance; it stops counting with the first enrolment and never comes back.
 */
export function openPresenceDesk(station: Station, options: { readonly terminalAllowed: boolean }): PresencePort {
  const nonces = new Map<string, { readonly nonce: PresenceNonce; readonly untilBootMs: number }>();
  const publicKey = (): string | null =>
    station.ledger.reader.get(sql.selectFrom('meta').select('value').where('key', '=', KEY))?.value ?? null;

  const takeNonce = (name: string): PresenceNonce | null => {
    const found = nonces.get(name);
    nonces.delete(name);
    return found !== undefined && station.clock.bootMs() < found.untilBootMs ? found.nonce : null;
  };

  return {
    check: (request) => {
      const proof = request.presence;
      const nonce = proof.method === 'passphrase' ? takeNonce(proof.nonce) : null;
      return verifyPresence(proof, claimOf(request), {
        publicKey: publicKey(),
        // The first passphrase can be proven by nothing; who reaches this socket of an installed instance is root.
        terminalAllowed: options.terminalAllowed || request.type === 'presence_enrol',
        nonce,
      });
    },
    challenge: () => {
      if (nonces.size >= NONCES_MAX) nonces.clear();
      const nonce: PresenceNonce = {
        nonce: Buffer.from(station.random(24)).toString('base64url'),
        expiresAt: new Date(station.clock.wallMs() + NONCE_MS).toISOString(),
      };
      nonces.set(nonce.nonce, { nonce, untilBootMs: station.clock.bootMs() + NONCE_MS });
      return nonce;
    },
    required: () => (publicKey() === null && options.terminalAllowed ? 'terminal' : 'passphrase'),
    enrol: (key, method) => enrol(station, key, method),
  };
}

async function enrol(station: Station, key: string, method: ProvenMethod): Promise<Outcome<null>> {
  if (!isPresenceKey(key)) return refused('invalid_params', 'this is no Ed25519 public key');
  await station.ledger.commit((tx) => {
    tx.run(
      sql
        .insertInto('meta')
        .values({ key: KEY, value: key })
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ value: key })),
    );
    tx.record({ event: 'presence_enrolled', zone: 'control', details: { method } });
  });
  return accepted(null);
}
