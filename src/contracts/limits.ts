/** One limit: its number (unit in the name) and the reason it stands where it stands. */
export interface Limit {
  readonly value: number;
  readonly why: string;
}

const limit = (value: number, why: string): Limit => ({ value, why });

/** Every limit of the wire and of the stations. A test lists them in the docs; nothing else may write such a number. */
export const LIMITS = {
  frameBytesMax: limit(1_048_576, 'one frame fits one read buffer; a zone cannot make the executor hold more'),
  frameDepthMax: limit(32, 'deeper JSON is never ours and costs stack in every walker'),
  frameTokensMax: limit(100_000, 'bounds the objects that one frame may make the parser create'),
  frameIdCharsMax: limit(64, 'an id is echoed; a longer one would be an amplifier'),
  inFlightMax: limit(32, 'requests of one zone that may wait at the same time'),
  connectionsPerZoneMax: limit(8, 'a zone needs one; tools may add some; more is a flood'),
  zoneFramesPerSecondMax: limit(5_000, 'above every honest use (1 000 pings a second) and below harm'),
  idleMs: limit(600_000, 'a silent connection costs a descriptor; honest clients ping or wait'),
  halfFrameMs: limit(10_000, 'a frame that has begun must end; slow senders are cut'),
  sendBufferBytesMax: limit(4_194_304, 'a client that does not read is cut instead of filling memory'),
  waitMsMax: limit(60_000, 'a long poll ends in time for a person to notice a dead peer'),
  rationaleCharsMax: limit(200, 'untrusted words beside an approval stay short'),
  paramsBytesMax: limit(262_144, 'a mail body in full, and no more'),
  rawMessageBytesMax: limit(52_428_800, 'what the large mail providers accept'),
  rawChunkBytesMax: limit(524_288, 'base64 of it and its frame stay under one frame'),
  answerBytesMax: limit(921_600, 'answers fill up to 900 KiB and carry `next`'),
  taskDataBytesMax: limit(65_536, 'a note to oneself, not a file'),
  tasksPerSessionMax: limit(100, 'a planner that needs more is a flood'),
  draftsPerSessionMax: limit(100, 'drafts are kept by Zone 1 at its own cost'),
  grantTtlMs: limit(300_000, 'law 1: a grant lives five minutes at most'),
  approvalTtlMs: limit(300_000, 'an unanswered question is a no after five minutes'),
  outboxDelayMsMax: limit(120_000, 'the longest wait in which a denial still wins'),
  executeWithinMs: limit(60_000, 'approved but not executed is told to the owner'),
  pendingPerSession: limit(5, 'questions of one session that may stand before a person'),
  questionsPerDay: limit(20, 'a person who is asked more often stops reading'),
  questionsPerSenderPerDay: limit(3, 'one stranger cannot spend the questions of a day'),
  questionsReservedForOwner: limit(5, 'strangers together cannot spend the ones that the owner needs'),
  asksBeyondCapMax: limit(20, 'asking on after a refusal is an attack: the session is closed to asking'),
  clockStepMsMax: limit(5_000, 'a larger step of the clock voids grants'),
  recipientsMax: limit(50, 'more is a mailing list; each one is shown'),
  subjectCharsMax: limit(998, 'RFC 5322, section 2.1.1'),
  bodyCharsMax: limit(100_000, 'a person must be able to read what they approve'),
  readItemsMax: limit(50, 'items in one answer, each of up to 10 000 characters'),
  searchQueryCharsMax: limit(500, 'operators and words, not a program'),
  instructionCharsMax: limit(10_000, 'what an owner types in one go'),
  plannerMsMax: limit(3_600_000, 'a planner that never ends would hold the place of the next message for ever'),
  plannersMax: limit(24, 'planner processes at once: memory of 24 Node processes'),
  policyCharsMax: limit(262_144, 'a policy is read by a person'),
  policyRulesMax: limit(1_000, 'as many as a person could ever oversee, and a bound on what a decision costs'),
  readerMsMax: limit(20_000, 'a message that takes longer is a bomb'),
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof LIMITS;
