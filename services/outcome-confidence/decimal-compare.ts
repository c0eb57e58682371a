/**
 * Comparison of texts as decimals, exact for any number of digits and never in floating point.
 *
 * Boundary: plain notation only. Text such as `1e3`, `1,000` or `0x10` is not a decimal here, and is compared as text.
 */
const DECIMAL = /^([+-]?)(\d{1,64})(?:\.(\d{1,64}))?$/;

interface Scaled {
  readonly digits: bigint;
  readonly scale: number;
}

/** Negative, zero or positive; null unless both texts are decimals. */
export function compareDecimals(a: string, b: string): number | null {
  const left = parse(a);
  const right = parse(b);
  if (left === null || right === null) return null;
  const scale = Math.max(left.scale, right.scale);
  const difference = unitsAt(left, scale) - unitsAt(right, scale);
  if (difference === 0n) return 0;
  return difference < 0n ? -1 : 1;
}

function parse(text: string): Scaled | null {
  const match = DECIMAL.exec(text);
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = ''] = match;
  const digits = BigInt(`${whole}${fraction}`);
  return { digits: sign === '-' ? -digits : digits, scale: fraction.length };
}

function unitsAt({ digits, scale }: Scaled, wanted: number): bigint {
  return digits * 10n ** BigInt(wanted - scale);
}
