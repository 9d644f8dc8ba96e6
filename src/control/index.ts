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
