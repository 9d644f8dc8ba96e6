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
export {
  JSON_RECORDS,
  JsonRecordSplitter,
  type JsonFault,
  type JsonFound,
  type JsonRecord,
  type JsonRecordSkipped,
} from './json-records.ts';
export type { Clock, RandomBytes, Sha256Hex, SubjectHash } from './ports.ts';
export { canonicalJson, toJson, type Json } from './canonical.ts';
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
export { extractSchema } from './extract.ts';
export type { Extract, ExtractAttachment, ExtractFinding, ExtractLink } from './extract.ts';
export {
  encodedBytes,
  EXTRACT_LIMITS,
  EXTRACT_SEVERITIES,
  EXTRACT_SPAN_PARTS,
  EXTRACT_UNSAFE,
} from './extract-limits.ts';
export {
  AUDIT_ACTIONS,
  AUDIT_EVENT_NAMES,
  AUDIT_MODES,
  AUDIT_ZONES,
  HASHED_ID,
  parseAuditEvent,
  toAuditAction,
  toAuditZone,
} from './audit-event.ts';
export type {
  AuditAction,
  AuditDetails,
  AuditEvent,
  AuditEventName,
  AuditMode,
  AuditSubject,
  AuditZone,
  HashedId,
} from './audit-event.ts';
export { AUDIT_REASONS } from './audit-details.ts';
export type { AuditReason } from './audit-details.ts';
export { parseMailAddress, type MailAddress } from './address.ts';
export {
  APPROVALS,
  isStricter,
  type ApprovalRule,
  type Audience,
  type AuthorityValue,
  type Decision,
  type DecisionRequest,
  type Effect,
  type Obligations,
  type Rate,
  type RedMark,
  type SourceFacts,
} from './decision.ts';
export {
  bodySchema,
  declareAction,
  mailAddressSchema,
  referenceSchema,
  subjectSchema,
  type ActionDeclaration,
  type Reference,
  type Reversibility,
} from './action.ts';
export {
  ACTIONS,
  draftEmail,
  getProfile,
  mailSchema,
  readEmail,
  readEmailSchema,
  searchEmails,
  searchEmailsSchema,
  sendEmail,
  UNBUILT_ACTIONS,
  type GetProfileParams,
  type MailParams,
  type ReadEmailParams,
  type SearchEmailsParams,
} from './actions/index.ts';
export {
  approvalStatusSchema,
  capabilityResponseSchema,
  WIRE_REQUESTS,
  wireErrorSchema,
  type ApprovalStatus,
  type CapabilityResponse,
  type WireError,
  type WireRequest,
  type WireRequestType,
} from './wire.ts';
export type {
  Approval,
  ApprovalContent,
  ApprovalState,
  InfluenceSpan,
  PresenceMethod,
  ShownDestination,
  ShownMail,
  ShownSource,
  Verdict,
} from './approval.ts';
export {
  CONNECTOR_ANSWERS,
  CONNECTOR_REQUESTS,
  PAYLOAD_HASH_PREFIX,
  type ConnectorAnswer,
  type ConnectorRequest,
} from './connector-wire.ts';
export {
  CONTROL_REQUESTS,
  presenceSchema,
  workspaceSchema,
  type ControlRequest,
  type ControlRequestType,
  type PresenceProof,
} from './control-wire.ts';
export {
  SUPERVISOR_ANSWERS,
  SUPERVISOR_REQUESTS,
  ZONE_END,
  type SupervisorAnswer,
  type SupervisorRequest,
  type SupervisorRequestType,
  type ZoneEvent,
  type ZoneState,
} from './supervisor-wire.ts';
export {
  isSpawned,
  PROFILE_KINDS,
  SPAWN_PROFILES,
  ZONE_PROFILES,
  type ProfileKind,
  type SpawnProfile,
  type ZoneProfile,
} from './profiles.ts';
export { CHANNELS, CONNECTOR_NAMES, CONNECTORS, type Channel, type ConnectorName } from './channels.ts';
export {
  approvalSchema,
  CONTROL_ANSWERS,
  toShownApproval,
  type ApprovalSummary,
  type ControlAnswers,
} from './control-answers.ts';
export type { InboxItem, ScheduledTask } from './control-items.ts';
export {
  decisionRequestSchema,
  decisionSchema,
  policyScenarioSchema,
  policyScenariosSchema,
  type PolicyRecord,
  type PolicyScenario,
} from './decision-schema.ts';
export { ISOLATION_MODES, type IsolationMode } from './isolation-mode.ts';
export { ACCOUNTS, INSTALLED, isAccountRole, ZONE_UIDS, type Account, type AccountRole } from './installed.ts';
export { EGRESS_CLIENTS, EGRESS_REASONS, type EgressClient, type EgressReason } from './egress-reasons.ts';
export {
  EGRESS_ANSWERS,
  EGRESS_PORTS,
  EGRESS_REQUESTS,
  egressAuditEvent,
  resolversIn,
  STARTTLS_PORTS,
  type EgressEvent,
  type EgressLists,
  type NewEgressEvent,
} from './egress.ts';
export { GLOBAL_V6, SPECIAL_V4, SPECIAL_V6, type SpecialBlock } from './special-addresses.ts';
