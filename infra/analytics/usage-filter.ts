/**
 * By what uses can be grouped and filtered, and how that becomes SQL.
 *
 * Invariant: a column name in a query always comes from the table below; a value is always a bound parameter.
 */

const COLUMNS = {
  day: 'day',
  account: 'account_id',
  provider: 'provider',
  model: 'model',
  api_key: 'api_key_id',
  status: 'status',
  project: 'project_id',
  cost_centre: 'cost_centre',
  use_case: 'use_case',
} as const;

export type Dimension = keyof typeof COLUMNS;

export const DIMENSIONS: readonly Dimension[] = [
  'day',
  'account',
  'provider',
  'model',
  'api_key',
  'status',
  'project',
  'cost_centre',
  'use_case',
];

/** The values of the dimensions that were asked for. */
export type Keys = Readonly<Partial<Record<Dimension, string>>>;

/** Days are UTC, as YYYY-MM-DD; `fromDay` is included and `toDay` is not. An empty list filters nothing. */
export interface UsageFilter {
  readonly fromDay?: string;
  readonly toDay?: string;
  readonly only?: Readonly<Partial<Record<Exclude<Dimension, 'day'>, readonly string[]>>>;
}

interface BoundFilter {
  /** A condition that is always complete, `1` where nothing is filtered. */
  readonly where: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export function boundFilter(filter: UsageFilter): BoundFilter {
  const conditions: string[] = [];
  const params: Record<string, unknown> = {};
  if (filter.fromDay !== undefined) {
    conditions.push('day >= {fromDay:Date}');
    params['fromDay'] = filter.fromDay;
  }
  if (filter.toDay !== undefined) {
    conditions.push('day < {toDay:Date}');
    params['toDay'] = filter.toDay;
  }
  for (const dimension of DIMENSIONS) {
    const values = dimension === 'day' ? undefined : filter.only?.[dimension];
    if (values === undefined || values.length === 0) continue;
    conditions.push(`${COLUMNS[dimension]} IN {${dimension}:Array(String)}`);
    params[dimension] = [...values];
  }
  return { where: conditions.length === 0 ? '1' : conditions.join(' AND '), params };
}

interface Grouping {
  /** For SELECT: every dimension under its own name. */
  readonly selected: string;
  /** For GROUP BY. */
  readonly columns: string;
  /** Reads the dimensions back from a row. */
  keysOf(row: Readonly<Record<string, unknown>>): Keys;
}

export function grouping(by: readonly Dimension[]): Grouping {
  const unique = DIMENSIONS.filter((dimension) => by.includes(dimension));
  return {
    selected: unique.map((dimension) => `${COLUMNS[dimension]} AS by_${dimension}, `).join(''),
    columns: unique.map((dimension) => COLUMNS[dimension]).join(', '),
    keysOf: (row) =>
      Object.fromEntries(unique.map((dimension) => [dimension, String(row[`by_${dimension}`])])),
  };
}
