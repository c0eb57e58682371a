/**
 * All processors, loaded when a command needs their rules: replaying, and naming the schemas of their state.
 */
import type { AnyProcessor } from '../../topology/processor.ts';

export async function loadProcessors(): Promise<readonly AnyProcessor[]> {
  const [rating, credit, cost, outcome, invoice] = await Promise.all([
    import('../../services/rating/processor.ts'),
    import('../../services/credit-balances/processor.ts'),
    import('../../services/cost-attribution/processor.ts'),
    import('../../services/outcome-confidence/processor.ts'),
    import('../../services/invoice-rollups/processor.ts'),
  ]);
  return [
    rating.rating,
    credit.creditBalances,
    cost.costAttribution,
    outcome.outcomeConfidence,
    invoice.invoiceRollups,
  ];
}
