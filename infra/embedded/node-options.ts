/** How V8 divides the memory of a service; each stays below 400 MB resident after a million uses (test/bench/README.md). */

const ALL = ['--max-old-space-size=224', '--disable-warning=ExperimentalWarning'];
/**
 * Young objects live for one step; a nursery that is large enough lets them die there. What outlives it nevertheless, values
 * of state that were replaced, made V8 collect all of so small an old space after almost every collection of the nursery; so it
 * may grow to twice, or three times, of what lives before that. Twice the nursery, at once, is for those with large steps and
 * small state: it saves a seventh of their time.
 */
const LARGE_STATE = ['--max-semi-space-size=16', '--heap-growing-percent=100'];
const LARGE_STEPS = ['--min-semi-space-size=32', '--max-semi-space-size=32', '--heap-growing-percent=200'];
const WITH_LARGE_STEPS: ReadonlySet<string> = new Set(['rating', 'credit-balances', 'cost-attribution']);

export function nodeOptionsOf(service: string): readonly string[] {
  return [...(WITH_LARGE_STEPS.has(service) ? LARGE_STEPS : LARGE_STATE), ...ALL];
}
