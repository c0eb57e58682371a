/** The rating service as the runtime sees it. */
import { defineProcessor } from '../../topology/processor.ts';
import { decide } from './decide.ts';
import { evolve } from './evolve.ts';
import { RATING_TABLES } from './model.ts';

export const rating = defineProcessor({
  service: 'rating',
  publishesAdmission: true,
  inputs: ['accounts', 'contracts', 'price-books', 'outcome-decisions', 'usage-events', 'clock-ticks'],
  outputs: ['charges'],
  tables: RATING_TABLES,
  decide,
  evolve(tables, fact) {
    if (fact.topic !== 'charges') evolve(tables, fact);
  },
});
