/**
 * outcome-confidence on one screen: its inputs in the order in which a step takes them, and its tables.
 */
import { defineProcessor, table } from '../../topology/processor.ts';
import { decide } from './decide.ts';
import { evolve } from './evolve.ts';

const tables = {
  timelines: table('OutcomeTimeline'),
  definitions: table('OutcomeDefinition'),
  cases: table('OutcomeCase', ({ deadlineAt }) => deadlineAt),
  undefinedCases: table('OutcomeCase'),
  evidence: table('OutcomeEvidence'),
};

export const outcomeConfidence = defineProcessor<
  typeof tables,
  'outcome-definitions' | 'outcome-claims' | 'outcome-verifications' | 'clock-ticks',
  'outcome-decisions'
>({
  service: 'outcome-confidence',
  inputs: ['outcome-definitions', 'outcome-claims', 'outcome-verifications', 'clock-ticks'],
  outputs: ['outcome-decisions'],
  tables,
  decide,
  evolve,
});
