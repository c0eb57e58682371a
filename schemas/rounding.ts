/**
 * Division of whole numbers with a named rounding rule: the only place where a fraction is ever dropped.
 *
 * Invariants: 1. The rule is symmetric about zero: rounding -x is minus the rounding of x.
 *             2. An exact quotient is never changed.
 */

/** `half_up` takes a tie away from zero, `half_even` to the even neighbour, `down` drops the rest. */
export type Rounding = 'half_even' | 'half_up' | 'down';

/** `divisor` must be positive. */
export function divideRounded(dividend: bigint, divisor: bigint, rounding: Rounding): bigint {
  const quotient = dividend / divisor;
  // V8 multiplies short bigints in a register, and has no such way for a remainder.
  const rest = dividend - quotient * divisor;
  if (rest === 0n || rounding === 'down') return quotient;
  const twice = (rest < 0n ? -rest : rest) * 2n;
  const awayFromZero =
    twice > divisor || (twice === divisor && (rounding === 'half_up' || (quotient & 1n) === 1n));
  if (!awayFromZero) return quotient;
  return dividend < 0n ? quotient - 1n : quotient + 1n;
}
