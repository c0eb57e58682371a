/**
 * A mutant: one bug that a real engineer could write, as a change of text in one source file.
 *
 * Invariant: `find` occurs exactly once in the file, so a mutant is applied where it was meant or not at all.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Mutant {
  readonly name: string;
  /** Number in the table of reliability requirements (R1 to R22). */
  readonly requirement: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** How such a bug comes about, and what it costs. */
  readonly why: string;
  /** Test files expected to catch it, in the order in which they are asked. */
  readonly suites: readonly string[];
}

const REAL_FOLDERS = ['test/integration/', 'test/faults/', 'test/browser/'] as const;

export interface Applied {
  readonly before: string;
  readonly after: string;
}

/** The text of the file before and after; null when `find` is not there exactly once. */
export function applied(root: string, { file, find, replace }: Mutant): Applied | null {
  const before = readFileSync(join(root, file), 'utf8');
  const at = before.indexOf(find);
  if (at < 0 || before.indexOf(find, at + 1) >= 0) return null;
  return { before, after: `${before.slice(0, at)}${replace}${before.slice(at + find.length)}` };
}

/** Whether only the suites on a real broker can see it. */
export function needsReal({ suites }: Mutant): boolean {
  return suites.some((suite) => REAL_FOLDERS.some((folder) => suite.startsWith(folder)));
}
