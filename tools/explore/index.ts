/** The explorer: every order of events of a scenario. `sys-indirect/explore`. */
export { type ExploreOptions, ExploreError, explore, search, type StrategyName } from './explore.js';
export type { Boot, Faults, Scenario } from './execution.js';
export { NondeterminismError } from './nondeterminism.js';
export { type Failure, type Report, format_report } from './report.js';
export { LeakError, type ScenarioOptions, scenario } from './scenario.js';
export { format_schedule, parse_schedule, type Schedule } from './schedule.js';
export { DivergedError } from './strategies/replay.js';
export type { Claim, Ending, Point, Shard, Strategy } from './strategy.js';
export { touch } from './touch.js';
