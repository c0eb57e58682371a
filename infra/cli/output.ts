/**
 * Tables, bars and JSON for the terminal.
 *
 * Boundary: text only; what is in it was decided by a command. Widths are those of the terminal, where a Chinese
 * character takes two columns.
 */
import Table from 'cli-table3';

export interface Column {
  readonly head: string;
  readonly align?: 'left' | 'right';
}

const LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
} as const;

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;
const HEIGHTS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** A table without borders; the heads are underlined by a row of dashes. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const drawn = new Table({
    chars: LINES,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colAligns: columns.map(({ align }) => align ?? 'left'),
  });
  drawn.push(columns.map(({ head }) => head));
  for (const row of rows) drawn.push(row.map(visible));
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** A bar of at most `width` columns, in steps of an eighth; negative values have none. */
export function bar(value: bigint, largest: bigint, width = 20): string {
  if (value <= 0n || largest <= 0n) return '';
  const eighths = Number((value * BigInt(width * 8)) / largest);
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}

/** One character a value, from the lowest to the highest. */
export function sparkline(values: readonly bigint[]): string {
  const highest = largestOf(values);
  return values.map((value) => (highest === 0n ? HEIGHTS[0] : HEIGHTS[heightOf(value, highest)])).join('');
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

/** Machine output. A bigint in it would be a lossy number for most readers, so it is a defect of the command. */
export function json(data: unknown): string {
  return `${JSON.stringify(data, refuseBigint, 2)}\n`;
}

/** Text from records must not move the cursor of whoever reads it. */
export function visible(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '�');
}

function heightOf(value: bigint, highest: bigint): number {
  return value <= 0n ? 0 : Number((value * 7n) / highest);
}

function refuseBigint(key: string, value: unknown): unknown {
  if (typeof value === 'bigint') throw new TypeError(`${key} is a bigint in the output of a command`);
  return value;
}

function largestOf(values: readonly bigint[]): bigint {
  let largest = 0n;
  for (const value of values) if (value > largest) largest = value;
  return largest;
}
