/**
 * Every processor on one screen: what it reads, what it writes, how often it commits.
 *
 *   usage-events ─┬─▶ rating ───────────▶ charges ─┬─▶ credit-balances ─▶ journal, balances
 *                 └─▶ cost-attribution ─▶ cost-events └─▶ invoice-rollups ─▶ invoices, invoice-rollups
 *   outcome-claims, outcome-verifications ─▶ outcome-confidence ─▶ outcome-decisions ─▶ rating
 *   invoices ─▶ credit-balances (rounding)          accounts, contracts, price-books, clock-ticks ─▶ where needed
 *
 * The analytics sink reads every output and writes ClickHouse; it is no processor because it writes no topic.
 *
 * Invariants (held by test/topology/graph.test.ts): each topic has one writing service; the inputs and outputs below
 * are those of the processors; at most two hops lie between a use and the balance it moves.
 */
import type { ServiceName, TopicName } from './topics.ts';

export interface Node {
  /** In the order in which a step takes them: reference data first, clock ticks last. */
  readonly inputs: readonly TopicName[];
  readonly outputs: readonly TopicName[];
  /**
   * The money path commits often; what hangs beside it in larger steps, since a step writes a changed key once. Where
   * almost all input arrives in the steps of one service, these set the pace, and a short interval only avoids waiting.
   */
  readonly commitIntervalMs: number;
  /** Whether it fetches once an interval instead of being woken by the first record. */
  readonly gathers?: true;
}

export const GRAPH = {
  rating: {
    inputs: ['accounts', 'contracts', 'price-books', 'outcome-decisions', 'usage-events', 'clock-ticks'],
    outputs: ['charges'],
    commitIntervalMs: 18,
  },
  'credit-balances': {
    inputs: ['accounts', 'contracts', 'payment-events', 'charges', 'invoices', 'clock-ticks'],
    outputs: ['journal', 'balances'],
    commitIntervalMs: 5,
  },
  'cost-attribution': {
    inputs: ['price-books', 'usage-events', 'clock-ticks'],
    outputs: ['cost-events'],
    commitIntervalMs: 1_000,
    gathers: true,
  },
  'outcome-confidence': {
    inputs: ['outcome-definitions', 'outcome-claims', 'outcome-verifications', 'clock-ticks'],
    outputs: ['outcome-decisions'],
    commitIntervalMs: 50,
  },
  'invoice-rollups': {
    inputs: ['accounts', 'charges', 'clock-ticks'],
    outputs: ['invoices', 'invoice-rollups'],
    commitIntervalMs: 1_000,
    gathers: true,
  },
} as const satisfies Record<ServiceName, Node>;
