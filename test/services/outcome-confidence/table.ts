/** Runs a table of given/when/then rows against outcome-confidence. */
import { expect, test } from 'vitest';
import { type Fact, outcomeWorld, readable } from './facts.ts';

export interface Row {
  readonly name: string;
  readonly given: readonly Fact[];
  readonly when: Fact;
  readonly answers: readonly string[];
}

export function rows(table: readonly Row[]): void {
  test.each(table)('$name', ({ given, when, answers }) => {
    const world = outcomeWorld();
    for (const fact of given) fact(world);
    expect(readable(when(world))).toEqual(answers);
  });
}
