/** Tools above a kernel, for programs and tests; nothing here needs a host. */
export { type InjectOptions, type Injection, type RuleOutcome, inject, injector } from './inject/inject.js';
export { parse_fault, parse_inject } from './inject/parse.js';
export { type Rule, RuleError } from './inject/rule.js';
