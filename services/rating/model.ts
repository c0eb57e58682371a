/**
 * The state of rating: what is kept per account, per book and per thing that is missing.
 *
 * Boundary: tables and the views over them. Rules read a `View`; only `evolve.ts` writes.
 */
import type { Charge } from '../../schemas/generated/charge.ts';
import type { SuspenseQueue } from '../../schemas/generated/price-suspense-queue.ts';
import type { RatingTerms } from '../../schemas/generated/rating-terms.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import {
  type Input,
  type Output,
  type RefusalOutput,
  type TablesOf,
  table,
} from '../../topology/processor.ts';
import type { BookTables } from '../pricing/book-tables.ts';
import { isOpen } from '../pricing/suspense-release.ts';

const AT_ONCE = instantOfMillis(0);

export const RATING_TABLES = {
  /** By account: its versions and those of its contracts. */
  terms: table('RatingTerms'),
  /** One key: which versions of which books are there. */
  bookIndex: table('PriceBookIndex'),
  /** By book, version and part. */
  bookParts: table('PriceBook'),
  /** By account; due at the start of the next period to be charged. */
  fees: table('FeeSchedule', (schedule) => schedule.nextAt),
  /** By account, period and contract version. */
  outcomeCounts: table('OutcomeCounts'),
  /** By account and request. */
  suspendedUses: table('SuspendedUse'),
  /** By account and decision. */
  heldOutcomes: table('HeldOutcome'),
  /** By missing thing; an open queue is due at every tick. */
  queues: table('SuspenseQueue', (queue: SuspenseQueue) => (isOpen(queue) ? AT_ONCE : null)),
  /** By missing thing and slot. */
  slots: table('SuspenseSlot'),
} as const;

export type RatingTables = TablesOf<typeof RATING_TABLES>;

/** The reference data that decides a price: the tables themselves, or the tables as one arriving fact will leave them. */
export interface View extends BookTables {
  readonly terms: { get(accountId: string): RatingTerms | undefined };
}

type RatingTopic =
  | 'accounts'
  | 'contracts'
  | 'price-books'
  | 'outcome-decisions'
  | 'usage-events'
  | 'clock-ticks';

export type RatingInput<T extends RatingTopic = RatingTopic> = Input<T>;

export type RatingOutput = Output<'charges'> | RefusalOutput;

/** Where and when the record that leads to a charge stands in the log. */
export type Origin = Pick<Charge, 'cause' | 'recordedAt'>;
