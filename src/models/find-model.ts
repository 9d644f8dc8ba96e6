import * as z from 'zod';
import { HardshellError } from '../contracts/index.ts';
import { parseJsonBody } from './json-body.ts';
import type { ModelLimits } from './model-limits.ts';
import type { Pool } from './pool.ts';
import { callUpstream, readBody } from './upstream.ts';

const listSchema = z.object({ data: z.array(z.object({ id: z.string().min(1).max(256) })) });
const LIST_BYTES_MAX = 1_048_576;

/**
 * The model that answers for this pool: the configured one, which the server must list, else the first one listed.
 * Throws `unavailable` when there is none: the caller then does without a model.
 */
export async function findModel(pool: Pool | null, limits: ModelLimits, signal: AbortSignal): Promise<string> {
  if (pool === null)
    throw new HardshellError('unavailable', 'no model may see what this session has read', { fate: 'refuse' });
  const quick = { ...limits, firstByteMs: Math.min(limits.firstByteMs, 5_000) };
  const answer = await callUpstream(pool, { method: 'GET', path: '/models', body: null, signal }, quick);
  const listed = listSchema.safeParse(parseJsonBody(await readBody(answer, LIST_BYTES_MAX), LIST_BYTES_MAX));
  if (!listed.success)
    throw new HardshellError('unavailable', 'the local model server does not list its models', { fate: 'retry' });
  const ids = listed.data.data.map(({ id }) => id);
  const wanted = pool.model;
  const model = wanted === null ? ids[0] : ids.find((id) => id === wanted || id === `${wanted}:latest`);
  if (model !== undefined) return model;
  const hint =
    wanted === null ? 'the local model server has no model' : `the local model server has no model \`${wanted}\``;
  throw new HardshellError('unavailable', hint, { fate: 'retry' });
}
