/** From words of the command line to a question about uses: dimensions, days, and values to filter by. */
import type { UsageQuestion } from '../analytics/queries.ts';
import { DIMENSIONS, type Dimension, type UsageFilter } from '../analytics/usage-filter.ts';
import { usageError } from './cli-error.ts';

export interface UsageWords {
  readonly by: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
  readonly account?: readonly string[];
  readonly provider?: readonly string[];
  readonly model?: readonly string[];
  readonly apiKey?: readonly string[];
  readonly status?: readonly string[];
  readonly project?: readonly string[];
  readonly costCentre?: readonly string[];
  readonly useCase?: readonly string[];
}

export const BY_WORDS: readonly string[] = DIMENSIONS.map((dimension) => dimension.replace('_', '-'));

export function usageQuestion(words: UsageWords): UsageQuestion {
  const { from, to } = words;
  if (from !== undefined && to !== undefined && from >= to) {
    throw usageError(`--from ${from} is not before --to ${to}`, '--from is included and --to is not.');
  }
  const filter: UsageFilter = {
    ...(from === undefined ? {} : { fromDay: from }),
    ...(to === undefined ? {} : { toDay: to }),
    only: onlyOf(words),
  };
  return { by: words.by === '' ? [] : words.by.split(',').map(dimensionOf), filter, limit: words.limit };
}

function onlyOf(words: UsageWords): NonNullable<UsageFilter['only']> {
  const { account, provider, model, status, project } = words;
  const given = {
    account,
    provider,
    model,
    api_key: words.apiKey,
    status,
    project,
    cost_centre: words.costCentre,
    use_case: words.useCase,
  };
  return Object.fromEntries(Object.entries(given).filter(([, values]) => values !== undefined));
}

function dimensionOf(word: string): Dimension {
  const found = DIMENSIONS.find((dimension) => dimension.replace('_', '-') === word.trim());
  if (found !== undefined) return found;
  throw usageError(
    `--by ${word} is not known`,
    `Use one or more of ${BY_WORDS.join(', ')}, separated by commas.`,
  );
}
