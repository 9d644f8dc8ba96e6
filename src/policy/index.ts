export { CATALOGUE, catalogueOf, type Catalogue, type CatalogueEntry } from './catalogue.ts';
export { compilePolicy, type Compiled, type CompiledPolicy, type PolicyPorts } from './compile.ts';
export { decide } from './decide.ts';
export { makeCedarEngine, type CedarModule, type PolicyEngine } from './engine.ts';
export { comparable, redMarks } from './flow.ts';
export { checkRates, type RateEvent, type RateVerdict } from './rates.ts';
export type { Problem, Rule } from './rules.ts';
