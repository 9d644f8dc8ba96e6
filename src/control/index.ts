export { DEFAULT_CAPS, type ApprovalCaps, type Capped } from './approval-caps.ts';
export {
  answerApproval,
  askApproval,
  denyApproved,
  type Answer,
  type ApprovalPorts,
  type Ask,
  type Asked,
} from './approvals.ts';
export { cancelApprovals, expireApprovals, noteUnexecuted, reopenApproval } from './approvals-time.ts';
export { getApproval, listApprovals, unexecuted, type Moment } from './approvals-row.ts';
export { attentionAddresses, paysAttention } from './attention.ts';
export {
  pullKillSwitch,
  readEpochs,
  simulateKillSwitch,
  type Epochs,
  type KillOptions,
  type KillReport,
  type Lever,
  type LeverResult,
} from './kill-switch.ts';
export { columnsOf, toJson, toPlain, toTerminal, type DrawOptions } from './draw.ts';
export { escapeLine, escapeLines, safeName, safeText } from './escape.ts';
export { decodeDomain } from './punycode.ts';
export { renderApproval, type RenderNow } from './render.ts';
export { frame, styled, type Rendered, type RenderedLine, type Segment, type SegmentStyle } from './rendered.ts';
export { describeDifference, type ConfirmedName } from './difference.ts';
export {
  challengeOf,
  claimOf,
  enrolPassphrase,
  isPresenceKey,
  signChallenge,
  signWith,
  verifyPresence,
  type PresenceClaim,
  type PresenceNonce,
  type PresencePolicy,
} from './presence.ts';
export { checkPassphrase, parsePresenceFile, unlockKey, type PresenceFile } from './presence-file.ts';
