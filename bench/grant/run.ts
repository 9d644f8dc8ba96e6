// Mint, verify and redeem of a grant without the disk, against `jose` signing and verifying the same claims:
// `node scripts/run.cjs bench/grant/run.ts`
import { randomBytes } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { GrantKey, mint, redeem, type GrantTerms } from '../../src/zone1-executor/grant.ts';
import { makeBench } from '../../test/support/station.ts';
import { median, pairs, range, seconds } from '../support/measure.ts';

const COUNT = 3_000;
const bench = makeBench();
const { station, db } = bench;
const key = new GrantKey(station.random, station.clock);
const secret = randomBytes(32);
let serial = 0;

const terms = (): GrantTerms => ({
  rid: `r_${serial++}`,
  apr: null,
  zone: 'zone2-planner',
  sid: 's_aaaaaaaaaaaaaaaaaaaaaaaaaa',
  act: 'send_email',
  qh: 'a'.repeat(64),
  ph: 'b'.repeat(64),
  wh: 'c'.repeat(64),
  ah: 'd'.repeat(64),
  pol: 'e'.repeat(64),
});

// The database is in memory and the events go nowhere: what is measured is our work, not a disk.
const tx = { all: db.all.bind(db), get: db.get.bind(db), run: db.run.bind(db), record: () => undefined } as const;

async function ours(): Promise<number> {
  return seconds(async () => {
    for (let i = 0; i < COUNT; i++) {
      const what = terms();
      const jti = mint(station, tx, what);
      const claims = await key.verify(await key.sign(jti, what));
      if (!claims.ok) throw new Error(claims.refusal.message);
      const redeemed = redeem(station, tx, claims.value, {
        zone: what.zone,
        sid: what.sid,
        act: what.act,
        qh: what.qh,
      });
      if (!redeemed.ok) throw new Error(redeemed.refusal.message);
    }
  });
}

async function peer(): Promise<number> {
  return seconds(async () => {
    for (let i = 0; i < COUNT; i++) {
      const { zone, ...claims } = terms();
      const token = await new SignJWT({ ...claims, jti: `g_${i}` })
        .setProtectedHeader({ alg: 'HS256', typ: 'x+jwt' })
        .setSubject(zone)
        .setExpirationTime('5m')
        .sign(secret);
      await jwtVerify(token, secret, { algorithms: ['HS256'], typ: 'x+jwt' });
    }
  });
}

await ours();
await peer();
const { ours: mine, peer: theirs, ratio } = await pairs(5, ours, peer);
const each = (values: readonly number[]): string => `${((median(values) / COUNT) * 1e6).toFixed(0)} us`;
console.log(
  `grant mint + verify + redeem, no disk: ${median(ratio).toFixed(2)} x of jose HS256 sign + verify (${range(ratio)}; goal <= 1.5); ${each(mine)} against ${each(theirs)}`,
);
