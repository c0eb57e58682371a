/** How V8 divides the memory of a service; each stays below 400 MB resident after a million uses (test/bench/README.md). */

const ALL = ['--max-old-space-size=224', '--disable-warning=ExperimentalWarning'];
/** Young objects live for one step; a larger nursery lets them die there, and old space stays small. */
const NURSERY = ['--max-semi-space-size=16'];
/**
 * The steps of the money path are the largest under load. Twice the nursery, at once, saves a seventh of their time. What
 * outlives it nevertheless made V8 collect all of so small an old space after almost every collection of the nursery; it may
 * now grow to three times of what lives before that.
 */
const MONEY_PATH_HEAP = [
  '--min-semi-space-size=32',
  '--max-semi-space-size=32',
  '--heap-growing-percent=200',
];
const MONEY_PATH: ReadonlySet<string> = new Set(['rating', 'credit-balances']);

export function nodeOptionsOf(service: string): readonly string[] {
  return [...(MONEY_PATH.has(service) ? MONEY_PATH_HEAP : NURSERY), ...ALL];
}
