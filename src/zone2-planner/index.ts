export { runSession, ORIGINS, type Origin, type SessionOptions } from './session.ts';
export { rulesPlanner } from './rules-planner.ts';
export {
  modelPlanner,
  MODEL_PLANNER_LIMITS,
  type ModelPlannerLimits,
  type ModelPlannerOptions,
} from './model/model-planner.ts';
export {
  parseTemplate,
  templatesFrom,
  TEMPLATE_BYTES_MAX,
  TEMPLATE_NAMES,
  type Template,
  type TemplateName,
  type Templates,
} from './triage/templates.ts';
export type { Category, Plan, Planner, Proposal, Tools, Work } from './work.ts';
export type { WorkRecord } from './record.ts';
