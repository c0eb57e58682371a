/**
 * Rule: whether the fields of a verification meet the criteria of an outcome (O1).
 *
 * Invariants:
 *  1. A field that is missing or blank meets no comparison, not even `not_equals`: nothing is billed for want of proof.
 *  2. Two texts are equal when they are equal as decimals, or as text where one of them is no decimal. An order
 *     (greater, less) holds between decimals only.
 *  3. A criterion that this file does not understand never gets here: `definitions.ts` refuses its definition.
 */
import type { Criterion } from '../../schemas/generated/outcome-definition.ts';
import { compareDecimals } from './decimal-compare.ts';

type Fields = Readonly<Record<string, string>>;
type Comparison = (actual: string, values: readonly string[]) => boolean;

/** Criteria nest at most this deep. */
export const criteriaDepthMax = 16;

const COMPARISONS: ReadonlyMap<string, Comparison> = new Map<string, Comparison>([
  ['equals', (actual, [value = '']) => isEqual(actual, value)],
  ['not_equals', (actual, [value = '']) => !isEqual(actual, value)],
  ['in', (actual, values) => values.some((value) => isEqual(actual, value))],
  ['greater_than', (actual, [value = '']) => isOrdered(actual, value, (order) => order > 0)],
  ['at_least', (actual, [value = '']) => isOrdered(actual, value, (order) => order >= 0)],
  ['less_than', (actual, [value = '']) => isOrdered(actual, value, (order) => order < 0)],
  ['exists', () => true],
]);

export function meets(criterion: Criterion, fields: Fields): boolean {
  const { operator, field, values, children } = criterion;
  if (operator === 'and') return children.every((child) => meets(child, fields));
  if (operator === 'or') return children.some((child) => meets(child, fields));
  const actual = field === null ? undefined : fieldOf(fields, field);
  const compare = COMPARISONS.get(operator);
  return actual !== undefined && compare?.(actual, values) === true;
}

/** The text of a field, or undefined where there is none or only blanks. */
export function fieldOf(fields: Fields, name: string): string | undefined {
  const text = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return text === undefined || text.trim() === '' ? undefined : text;
}

/** Whether every part of a criterion can be understood. An `and` without children is no criterion, and always met. */
export function isUnderstood(criterion: Criterion, depth = 1): boolean {
  const { operator, field, values, children } = criterion;
  if (depth > criteriaDepthMax) return false;
  if (operator === 'and' || operator === 'or') {
    return (
      (operator === 'and' || children.length > 0) && children.every((child) => isUnderstood(child, depth + 1))
    );
  }
  if (!COMPARISONS.has(operator) || field === null || children.length > 0) return false;
  if (operator === 'exists') return true;
  return operator === 'in' ? values.length > 0 : values.length === 1;
}

function isEqual(a: string, b: string): boolean {
  const order = compareDecimals(a, b);
  return order === null ? a === b : order === 0;
}

function isOrdered(a: string, b: string, holds: (order: number) => boolean): boolean {
  const order = compareDecimals(a, b);
  return order !== null && holds(order);
}
