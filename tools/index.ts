/** Tools above a kernel, for programs and tests; nothing here needs a host. */
export { type InjectOptions, type Injection, type RuleOutcome, inject, injector } from './inject/inject.js';
export { parse_fault, parse_inject } from './inject/parse.js';
export { type Rule, RuleError } from './inject/rule.js';
export { type Comparison, compare, format_comparison } from './explore/compare.js';
export { ExploreError, type ExploreOptions, type StrategyName, explore, search } from './explore/explore.js';
export type { Boot, Faults, Scenario } from './explore/execution.js';
export { type Plan, type PlanConstraints, follow, plans } from './explore/arbitrary.js';
export { merge } from './explore/merge.js';
export { NondeterminismError } from './explore/nondeterminism.js';
export { type Failure, type Report, format_report } from './explore/report.js';
export { LeakError, type ScenarioOptions, scenario } from './explore/scenario.js';
export { DivergedError } from './explore/strategies/replay.js';
export { touch } from './explore/touch.js';
export { type Strace, type StraceOptions, strace } from './strace/strace.js';
export { join_tracers } from './tracers.js';
