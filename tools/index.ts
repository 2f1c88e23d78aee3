/** Tools above a kernel, for programs and tests; nothing here needs a host. */
export { event_log, text_log } from './eventlog.js';
export { type EventListener, type KernelEvent, event_tracer, json_log } from './events.js';
export { type InjectOptions, type Injection, type RuleOutcome, inject, injector } from './inject/inject.js';
export { parse_fault, parse_inject } from './inject/parse.js';
export { type Rule, RuleError } from './inject/rule.js';
export { type Crossing, type Leak, type LeakReport, type Window, format_leak, leak_report, leaks } from './leaks.js';
export { type Timeline, type TraceEvent, timeline, timeline_json } from './timeline.js';
export { join_tracers } from './tracers.js';
export { type Overlay, OverlayError, overlay, parse_overlay } from './overlays.js';
export { type Strace, type StraceOptions, strace } from './strace/strace.js';
