export { draw, fail, named, pass, saw, type Evidence, type Judgement } from './evidence.ts';
export { lookAtDisk, lookAtSwap } from './items/disk.ts';
export { judgeFolder } from './items/home-folder.ts';
export { judgeUser } from './items/user-rights.ts';
export { BASELINE_ITEMS } from './items.ts';
export { takeBaseline, type Baseline, type BaselineEntry } from './look.ts';
export { openMachine, type Listing, type Machine, type Ran, type Reading, type Subject } from './machine.ts';
export { nameVerdict, renderBaseline } from './markdown.ts';
export { writeBaseline } from './write.ts';
