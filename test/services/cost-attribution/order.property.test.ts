/** Costs do not depend on the order in which uses and price books arrive; no use is costed twice. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CostEvent } from '../../../schemas/generated/cost-event.ts';
import type { PriceBook } from '../../../schemas/generated/price-book.ts';
import type { UsageEvent } from '../../../schemas/generated/usage-event.ts';
import { costAttribution } from '../../../services/cost-attribution/processor.ts';
import { scenario } from '../../support/scenario.ts';
import { at, book, price } from '../pricing/fixtures.ts';
import { use } from '../rating/fixtures.ts';

/** One book id per version: what is in force at a time, and first in order, is then known before anything arrives. */
const books: readonly PriceBook[] = [
  book({
    purpose: 'cost',
    priceBookId: 'litellm',
    prices: [price('openai', 'gpt-4o', { input: '0.0000025', output: '0.00001', 'input@flex': '0.000001' })],
  }),
  book({
    purpose: 'cost',
    priceBookId: 'own',
    parts: 2,
    prices: [price('vllm', 'llama', { input: '0.0000001', output: '0.0000002' })],
  }),
  book({
    purpose: 'cost',
    priceBookId: 'own',
    part: 2,
    parts: 2,
    prices: [price('vllm', 'org/qwen', { input: '0.0000003', 'input>1000': '0.0000004', output: '0' })],
  }),
];

const uses: fc.Arbitrary<readonly UsageEvent[]> = fc
  .array(
    fc.record({
      named: fc.constantFrom(
        ['openai', 'gpt-4o'],
        ['proxy', 'gpt-4o'],
        ['vllm', 'llama'],
        ['vllm/org', 'qwen'],
        ['vllm', 'unpriced'],
      ),
      serviceTier: fc.constantFrom('standard', 'standard', 'flex'),
      inputTokens: fc.nat(5_000),
      outputTokens: fc.nat(5_000),
      occurredAt: fc.constantFrom('2025-12-01', '2026-02-01', '2026-06-01').map(at),
    }),
    { maxLength: 30 },
  )
  .map((list) =>
    list.map(({ named: [provider = '', model = ''], ...rest }, index) =>
      use({ requestId: `r-${index}`, provider, model, ...rest }),
    ),
  );

type Fact = { readonly use: UsageEvent } | { readonly book: PriceBook };

function run(facts: readonly Fact[]): readonly CostEvent[] {
  const scene = scenario(costAttribution);
  for (const [index, fact] of facts.entries()) {
    if ('use' in fact) scene.take('usage-events', fact.use);
    else scene.take('price-books', fact.book);
    if (index % 3 === 0) scene.project();
  }
  return scene.written.flatMap((answer) => (answer.topic === 'cost-events' ? [answer.value] : []));
}

/** What each use costs in the end: the amount of its last event. */
function costs(events: readonly CostEvent[]): readonly string[] {
  const last = new Map(events.map((event) => [event.requestId, event]));
  return [...last.values()]
    .map((event) => `${event.requestId} ${event.costStatus} ${event.amount} ${event.priceBookId}`)
    .sort();
}

test('books first, last or in between: every use costs the same', () => {
  fc.assert(
    fc.property(uses, fc.infiniteStream(fc.nat()), (list, keys) => {
      const ordered: readonly Fact[] = [
        ...books.map((value) => ({ book: value })),
        ...list.map((value) => ({ use: value })),
      ];
      const shuffled = ordered
        .map((fact) => ({ fact, key: keys.next().value ?? 0 }))
        .sort((left, right) => left.key - right.key)
        .map(({ fact }) => fact);
      const wanted = costs(run(ordered));
      expect(costs(run(shuffled))).toEqual(wanted);
      expect(costs(run([...ordered].reverse()))).toEqual(wanted);
    }),
    { numRuns: 200 },
  );
});

test('one event that amends nothing per use, one that amends it at most, amounts that add up', () => {
  fc.assert(
    fc.property(uses, (list) => {
      const events = run([
        ...list.map((value) => ({ use: value })),
        ...books.map((value) => ({ book: value })),
      ]);
      const firsts = events.filter(({ amends }) => amends === null);
      expect(firsts).toHaveLength(list.length);
      expect(new Set(events.map(({ costEventId }) => costEventId)).size).toBe(events.length);
      for (const { components, amount, costStatus, currency } of events) {
        expect(BigInt(amount)).toBe(
          components.reduce((sum, component) => sum + BigInt(component.amount), 0n),
        );
        expect(currency).toBe(costStatus === 'priced' ? 'USD' : 'XXX');
      }
    }),
    { numRuns: 100 },
  );
});
