/**
 * Whether the tests notice a mutant, and which of them does.
 *
 * Invariants:
 *  1. The named suites pass on the tree as it is, or nothing is checked: a suite that fails anyway catches everything.
 *  2. A mutant is called a survivor only after the whole fast project was asked.
 *  3. Of the whole project only a test that passes without a mutant can catch one.
 */
import { type Mutant, needsReal } from './mutant.ts';
import { type FailedTest, runTests, type Verdict } from './run-tests.ts';
import type { Scratch } from './scratch.ts';

export type Outcome =
  /** By one of its own suites. */
  | 'caught'
  /** By another test than those that were named for it. */
  | 'caught elsewhere'
  | 'survived'
  | 'does not apply'
  /** It cannot be loaded, or never ends: no bug that would be shipped. */
  | 'no program';

export interface Result {
  readonly mutant: Mutant;
  readonly outcome: Outcome;
  readonly by: FailedTest | null;
  readonly message: string | null;
  readonly seconds: number;
}

type Found = Omit<Result, 'mutant' | 'seconds'>;

/** With any mutant in place this folder's own test fails, which says nothing about the suites. */
const OWN_TESTS = 'test/mutation/**';
const DOES_NOT_APPLY: Found = { outcome: 'does not apply', by: null, message: 'its text is not there once' };
const SURVIVED: Found = { outcome: 'survived', by: null, message: null };

export class Checker {
  readonly #scratch: Scratch;
  /** Tests of the whole project that fail without a mutant; asked when it is needed first. */
  #failsAnyway: ReadonlySet<string> | null = null;

  constructor(scratch: Scratch) {
    this.#scratch = scratch;
  }

  /** Runs all suites that are named, without a mutant. */
  async baseline(mutants: readonly Mutant[]): Promise<Verdict> {
    const { root } = this.#scratch;
    let tests = 0;
    for (const project of ['fast', 'real'] as const) {
      const ofProject = mutants.filter((mutant) => projectOf(mutant) === project);
      const files = [...new Set(ofProject.flatMap(({ suites }) => suites))];
      if (files.length === 0) continue;
      const verdict = await runTests({ root, project, files, stops: 'at the end' });
      if (verdict.kind !== 'passed') return verdict;
      tests += verdict.tests;
    }
    return { kind: 'passed', tests };
  }

  async check(mutant: Mutant): Promise<Result> {
    const startedAt = performance.now();
    const found = (await this.#askNamed(mutant)) ?? (await this.#askAll(mutant));
    return { mutant, ...found, seconds: (performance.now() - startedAt) / 1_000 };
  }

  async #askNamed(mutant: Mutant): Promise<Found | null> {
    const { root } = this.#scratch;
    const project = projectOf(mutant);
    const restore = this.#scratch.apply(mutant);
    if (restore === null) return DOES_NOT_APPLY;
    try {
      for (const suite of mutant.suites) {
        const verdict = await runTests({ root, project, files: [suite], stops: 'at the first failure' });
        if (verdict.kind === 'failed')
          return { outcome: 'caught', by: verdict.failed[0] ?? null, message: null };
        if (verdict.kind !== 'passed') return { outcome: 'no program', by: null, message: verdict.message };
      }
      return null;
    } finally {
      restore();
    }
  }

  async #askAll(mutant: Mutant): Promise<Found> {
    this.#failsAnyway ??= new Set((await this.#failuresOfAll()).map(nameOf));
    const failsAnyway = this.#failsAnyway;
    const restore = this.#scratch.apply(mutant);
    if (restore === null) return DOES_NOT_APPLY;
    try {
      const by = (await this.#failuresOfAll()).find((test) => !failsAnyway.has(nameOf(test)));
      return by === undefined ? SURVIVED : { outcome: 'caught elsewhere', by, message: null };
    } finally {
      restore();
    }
  }

  async #failuresOfAll(): Promise<readonly FailedTest[]> {
    const { root } = this.#scratch;
    const verdict = await runTests({
      root,
      project: 'fast',
      files: [],
      excluded: [OWN_TESTS],
      stops: 'at the end',
    });
    return verdict.kind === 'failed' ? verdict.failed : [];
  }
}

function nameOf({ file, test }: FailedTest): string {
  return `${file}: ${test}`;
}

function projectOf(mutant: Mutant): 'fast' | 'real' {
  return needsReal(mutant) ? 'real' : 'fast';
}
