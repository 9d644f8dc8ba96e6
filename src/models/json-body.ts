import { FrameDecoder } from '../bridge/index.ts';
import { HardshellError, LIMITS } from '../contracts/index.ts';

const NEWLINE = 10;
const SPACE = 32;

/**
 * The JSON object in `bytes`, refused by size, depth and member count before the parser sees it, as a frame is.
 * Throws `malformed` or `too_large`.
 */
export function parseJsonBody(bytes: Buffer, bytesMax: number): unknown {
  // A raw line feed stands in JSON between tokens only, where a space means the same.
  const line = Buffer.from(bytes.map((byte) => (byte === NEWLINE ? SPACE : byte)));
  const decoder = new FrameDecoder({
    bytesMax,
    depthMax: LIMITS.frameDepthMax.value,
    tokensMax: LIMITS.frameTokensMax.value,
  });
  const [value] = decoder.push(Buffer.concat([line, Buffer.of(NEWLINE)]));
  if (value === undefined) throw new HardshellError('malformed', 'the body is empty', { fate: 'refuse' });
  return value;
}
