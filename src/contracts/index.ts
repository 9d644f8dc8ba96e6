export {
  accepted,
  HardshellError,
  refused,
  WIRE_ERROR_CODES,
  type ErrorCode,
  type Fate,
  type InternalErrorCode,
  type Outcome,
  type ParamIssue,
  type Refusal,
  type WireErrorCode,
} from './errors.ts';
export { LIMITS, type Limit, type LimitName } from './limits.ts';
export type { Clock, RandomBytes, Sha256Hex, SubjectHash } from './ports.ts';
export { canonicalJson, type Json } from './canonical.ts';
export {
  makeId,
  parseId,
  type ApprovalId,
  type ContentId,
  type ContentRef,
  type DraftId,
  type GrantId,
  type IdPrefix,
  type RequestId,
  type SessionId,
  type TaskId,
} from './ids.ts';
export {
  atLeastAsRestricted,
  join,
  joinAll,
  MOST_RESTRICTED,
  PRISTINE,
  type Confidentiality,
  type Integrity,
  type Label,
} from './label.ts';
