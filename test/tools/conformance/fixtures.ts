/** What the tests of the runner share: a scope to evaluate in, and cases to run. */
import type { Case } from '../../../tools/conformance/cases.js';
import { uapi_constants } from '../../../tools/conformance/constants.js';
import { mock_machine } from '../../../tools/conformance/machine.js';
import { plan } from '../../../tools/conformance/runner.js';
import { run_case } from '../../../tools/conformance/run.js';
import type { Scope, Value } from '../../../tools/conformance/value.js';

export const constants = uapi_constants();

export function scope(stored: Readonly<Record<string, Value>> = {}): Scope {
  return { constants: constants.values, stored: new Map(Object.entries({ caught: {}, ...stored })) };
}

/** A case of `steps`, with all that the form asks for besides. */
export function case_of(
  steps: readonly unknown[],
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return { id: 'test/case', source: 'here', title: 'a case', steps, expect: {}, ...more };
}

/** Why the case does not hold on 6.18; null if it does. */
export async function outcome(json: unknown): Promise<string | null> {
  const { cases, malformed } = plan([{ at: 'test:1', json }], { constants, skip: [], text: '' });
  if (malformed.length > 0) return malformed[0]!.message;
  const failure = await run_case(cases[0] as Case, mock_machine({ release: '6.18' }), constants);
  return failure === null ? null : `step ${String(failure.step)}: ${failure.message}`;
}
