/**
 * Exact decimal text: sums and comparisons as whole numbers at scale 12, never as floating point.
 * Only a height in pixels becomes a float, after everything that is shown as a number was computed.
 */
const SCALE = 12;

/** `"-12.5"` becomes -12500000000000n. */
export function unitsOf(text) {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === undefined || fraction.length > SCALE) throw new RangeError(`not an amount: ${text}`);
  const units = BigInt(whole + fraction.padEnd(SCALE, '0'));
  return sign === '-' ? -units : units;
}

/** The shortest text of an amount, to its last digit. */
export function textOf(units) {
  const digits = String(units < 0n ? -units : units).padStart(SCALE + 1, '0');
  const fraction = digits.slice(-SCALE).replace(/0+$/, '');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -SCALE)}${fraction === '' ? '' : `.${fraction}`}`;
}

export function sumOf(texts) {
  return texts.reduce((sum, text) => sum + unitsOf(text), 0n);
}

/** Round steps (1, 2 or 5 with zeros) from zero to at least the maximum, at most `count` of them. */
export function niceSteps(maximum, count) {
  for (let power = 1n; ; power *= 10n) {
    for (const factor of [1n, 2n, 5n]) {
      const step = power * factor;
      if (step * BigInt(count) < maximum) continue;
      const steps = [];
      for (let at = 0n; at < maximum + step; at += step) steps.push(at);
      return steps;
    }
  }
}
