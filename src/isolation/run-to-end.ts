import type { ExecOptions, Executed, Zone, ZoneSpec } from './driver.ts';

/** `exec` of a driver that can create: collects what the zone writes, and stops it when its time is over. */
export async function runToEnd(
  spec: ZoneSpec,
  { timeoutMs, outputBytesMax }: ExecOptions,
  create: (spec: ZoneSpec) => Promise<Zone>,
): Promise<Executed> {
  const kept = { out: [] as Buffer[], err: [] as Buffer[] };
  const room = { out: outputBytesMax, err: outputBytesMax };
  const onOutput = (stream: 'out' | 'err', chunk: Buffer): void => {
    const part = chunk.subarray(0, room[stream]);
    room[stream] -= part.length;
    if (part.length > 0) kept[stream].push(part);
  };
  const zone = await create({ ...spec, onOutput });
  const timer = setTimeout(() => void zone.stop(), timeoutMs);
  const exit = await zone.exited;
  clearTimeout(timer);
  return { exit, stdout: Buffer.concat(kept.out), stderr: Buffer.concat(kept.err) };
}
