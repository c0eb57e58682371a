/** Every mutant, in the order of the table. */
import type { Mutant } from './mutant.ts';
import { ADMISSION } from './mutants/admission.ts';
import { BOOKS } from './mutants/books.ts';
import { CACHE } from './mutants/cache.ts';
import { KAFKA } from './mutants/kafka.ts';
import { MONEY } from './mutants/money.ts';
import { OUTCOMES_AND_SINK } from './mutants/outcomes-and-sink.ts';
import { PRICES } from './mutants/prices.ts';
import { RUNTIME } from './mutants/runtime.ts';

export const MUTANTS: readonly Mutant[] = [
  ...RUNTIME,
  ...CACHE,
  ...ADMISSION,
  ...KAFKA,
  ...MONEY,
  ...PRICES,
  ...BOOKS,
  ...OUTCOMES_AND_SINK,
];
