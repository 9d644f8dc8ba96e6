export {
  BASELINE_ITEMS,
  nameVerdict,
  openMachine,
  renderBaseline,
  takeBaseline,
  writeBaseline,
  type Baseline,
  type BaselineEntry,
  type Machine,
  type Subject,
} from './baseline/index.ts';
