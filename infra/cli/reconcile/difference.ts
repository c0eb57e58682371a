/** One comparison of the reconciliation: what was compared, both sides, and what differs by name. */
export interface Comparison {
  readonly name: string;
  readonly ok: boolean;
  readonly left: string;
  readonly right: string;
  /** Ids, accounts or places behind the difference, at most `NAMED_MAX` of them. */
  readonly named: readonly string[];
}

export const NAMED_MAX = 100;

export function comparison(
  name: string,
  left: string,
  right: string,
  named: readonly string[] = [],
): Comparison {
  return { name, ok: left === right && named.length === 0, left, right, named: named.slice(0, NAMED_MAX) };
}
