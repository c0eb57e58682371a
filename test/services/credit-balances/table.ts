/** Runs a table of given/when/then rows against credit-balances. */
import { expect, test } from 'vitest';
import { balanceText, creditWorld, type Fact, readable } from './facts.ts';

export interface Row {
  readonly name: string;
  readonly given: readonly Fact[];
  readonly when: Fact;
  readonly answers: readonly string[];
  readonly balance: string;
}

export function rows(table: readonly Row[]): void {
  test.each(table)('$name', ({ given, when, answers, balance }) => {
    const world = creditWorld();
    for (const fact of given) fact(world);
    expect(readable(when(world))).toEqual(answers);
    expect(balanceText(world)).toBe(balance);
  });
}
