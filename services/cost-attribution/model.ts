/**
 * The state of cost attribution: cost price books, and the uses that still lack a price.
 *
 * Boundary: tables and views. A use in suspense is kept as the cost event that says so; nothing else is needed of it.
 */
import type { SuspenseQueue } from '../../schemas/generated/price-suspense-queue.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import {
  type Input,
  type Output,
  type RefusalOutput,
  type TablesOf,
  table,
} from '../../topology/processor.ts';
import { isOpen } from '../pricing/suspense-release.ts';

const AT_ONCE = instantOfMillis(0);

export const COST_TABLES = {
  /** One key: which versions of which books are there. */
  bookIndex: table('PriceBookIndex'),
  /** By book, version and part. */
  bookParts: table('PriceBook'),
  /** By account and request. */
  suspended: table('CostEvent'),
  /** By model; an open queue is due at every tick. */
  queues: table('SuspenseQueue', (queue: SuspenseQueue) => (isOpen(queue) ? AT_ONCE : null)),
  /** By model and slot. */
  slots: table('SuspenseSlot'),
} as const;

export type CostTables = TablesOf<typeof COST_TABLES>;

export type CostTopic = 'price-books' | 'usage-events' | 'clock-ticks';

export type CostInput<T extends CostTopic = CostTopic> = Input<T>;

export type CostOutput = Output<'cost-events'> | RefusalOutput;
