/** Limits of one model endpoint, each with its reason. Times in milliseconds. */
export interface ModelLimits {
  readonly requestBytesMax: number;
  readonly responseBytesMax: number;
  readonly concurrentMax: number;
  readonly connectionsMax: number;
  /** Until the first byte of the answer: a model on a slow machine reads its whole prompt first. */
  readonly firstByteMs: number;
  /** Between two pieces of a streamed answer. */
  readonly stallMs: number;
  readonly totalMs: number;
  readonly tokensMax: number;
  readonly tokensDefault: number;
}

export const MODEL_LIMITS: ModelLimits = {
  // One frame of the bridge: no session can give the model more than it could be given.
  requestBytesMax: 1_048_576,
  // Far above any answer of `tokensMax` tokens, streamed ones carry much framing.
  responseBytesMax: 8_388_608,
  // A planner thinks about one thing at a time; a second call may overlap while the first is torn down.
  concurrentMax: 2,
  connectionsMax: 8,
  firstByteMs: 300_000,
  stallMs: 60_000,
  totalMs: 600_000,
  tokensMax: 8_192,
  tokensDefault: 2_048,
};
