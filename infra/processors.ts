/** All processors, in an order in which each comes after those whose outputs it reads. */
import { costAttribution } from '../services/cost-attribution/processor.ts';
import { creditBalances } from '../services/credit-balances/processor.ts';
import { invoiceRollups } from '../services/invoice-rollups/processor.ts';
import { outcomeConfidence } from '../services/outcome-confidence/processor.ts';
import { rating } from '../services/rating/processor.ts';
import type { AnyProcessor } from '../topology/processor.ts';

export const PROCESSORS: readonly AnyProcessor[] = [
  outcomeConfidence,
  rating,
  costAttribution,
  invoiceRollups,
  creditBalances,
];
