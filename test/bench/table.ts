/** Tables of the benches: plain, numbers to the right. */
import Table from 'cli-table3';

export function tableText(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const numeric = head.map((_, column) => rows.every((row) => /^[-\d]/.test(String(row[column] ?? '-'))));
  const table = new Table({
    head: [...head],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    colAligns: numeric.map((isNumber) => (isNumber ? 'right' : 'left')),
  });
  for (const row of rows) table.push([...row]);
  return `${table}\n`;
}

/** With a separator for thousands. */
export function count(number: number): string {
  return Math.round(number).toLocaleString('en');
}

export function rounded(number: number, digits: number): number {
  return Math.round(number * 10 ** digits) / 10 ** digits;
}
