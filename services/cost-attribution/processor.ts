/** The cost attribution service as the runtime sees it. */
import { defineProcessor } from '../../topology/processor.ts';
import { decide } from './decide.ts';
import { afterBookPart, afterCostEvent, afterTick } from './evolve.ts';
import { COST_TABLES } from './model.ts';

export const costAttribution = defineProcessor({
  service: 'cost-attribution',
  inputs: ['price-books', 'usage-events', 'clock-ticks'],
  outputs: ['cost-events'],
  tables: COST_TABLES,
  decide,
  evolve(tables, fact) {
    switch (fact.topic) {
      case 'price-books':
        return afterBookPart(tables, fact.value);
      case 'clock-ticks':
        return afterTick(tables, fact.value.time);
      case 'cost-events':
        return afterCostEvent(tables, fact.value);
      case 'usage-events':
        return;
    }
  },
});
