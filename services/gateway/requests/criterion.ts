/**
 * A criterion: a leaf that compares a field, or a node that joins criteria.
 *
 * Invariants:
 *  1. A leaf names a field and has as many values as its operator takes; a node has children and neither.
 *  2. Depth and size are bounded, so evaluating one is.
 */
import { z } from 'zod';
import { parseAmount } from '../../../schemas/amount.ts';
import type { Criterion } from '../../../schemas/generated/outcome-definition.ts';
import { kept } from './text-fields.ts';

const CRITERIA_MAX = 200;
const DEPTH_MAX = 10;
const VALUES_MAX = 200;

type Values = 'none' | 'one' | 'number' | 'several' | 'children';

const OPERATORS: ReadonlyMap<string, Values> = new Map<string, Values>([
  ['equals', 'one'],
  ['not_equals', 'one'],
  ['greater_than', 'number'],
  ['at_least', 'number'],
  ['less_than', 'number'],
  ['in', 'several'],
  ['exists', 'none'],
  ['and', 'children'],
  ['or', 'children'],
]);

const value = z
  .union([z.string(), z.number(), z.boolean()], { error: 'expected text, a number or a truth value' })
  .transform((written, ctx): string => kept(ctx, String(written)));

const tree: z.ZodType<Criterion> = z.strictObject({
  operator: z.string(),
  field: z
    .string()
    .min(1)
    .transform((name, ctx): string => kept(ctx, name))
    .nullable()
    .default(null),
  values: z.array(value).max(VALUES_MAX).default([]),
  get children() {
    return z.array(tree).max(CRITERIA_MAX).default([]);
  },
});

export const criterion = tree.transform((root, ctx): Criterion => {
  let left = CRITERIA_MAX;
  const check = (node: Criterion, path: readonly PropertyKey[]): void => {
    left -= 1;
    const message =
      left < 0 || path.length > 2 * DEPTH_MAX ? 'the criteria are too many or too deep' : faultOf(node);
    if (message !== null) {
      ctx.issues.push({
        code: 'custom',
        input: root,
        message,
        path: [...path],
        params: { code: 'invalid_value' },
      });
    }
    if (left < 0 || path.length > 2 * DEPTH_MAX) return;
    for (const [at, child] of node.children.entries()) check(child, [...path, 'children', at]);
  };
  check(root, []);
  return root;
});

/** What is wrong with one node by itself, or null. */
function faultOf(node: Criterion): string | null {
  const takes = OPERATORS.get(node.operator);
  if (takes === undefined) return `the operator is not one of ${[...OPERATORS.keys()].join(', ')}`;
  if (takes === 'children') {
    if (node.field !== null || node.values.length > 0)
      return `${node.operator} takes children, no field and no values`;
    return node.children.length > 0 ? null : `${node.operator} needs at least one child`;
  }
  if (node.field === null) return `${node.operator} needs a field`;
  if (node.children.length > 0) return `${node.operator} takes no children`;
  return valuesFault(node, takes);
}

function valuesFault({ operator, values }: Criterion, takes: Values): string | null {
  if (takes === 'none') return values.length === 0 ? null : `${operator} takes no values`;
  if (takes === 'several') return values.length > 0 ? null : `${operator} needs at least one value`;
  if (values.length !== 1) return `${operator} takes exactly one value`;
  return takes === 'number' && !isDecimal(values[0] ?? '')
    ? `${operator} compares with a decimal number`
    : null;
}

function isDecimal(text: string): boolean {
  try {
    parseAmount(text);
    return true;
  } catch {
    return false;
  }
}
