/**
 * Progress of long work on standard error.
 *
 * Invariants:
 *  1. Nothing is shown for work that ends within two seconds.
 *  2. Off a terminal there is no bar, only a plain line every few seconds, and never a word on standard output.
 */
import { type Bar, SingleBar } from 'cli-progress';

export interface ProgressTask {
  add(count: number): void;
  end(): void;
}

export interface Progress {
  /** `total` is null where nobody knows it. */
  start(label: string, total: number | null): ProgressTask;
}

export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const silentMs = 2_000;
const plainLineMs = 5_000;
const barMs = 200;

export const SILENT: Progress = { start: () => ({ add: () => undefined, end: () => undefined }) };

export function progressOn(stream: NodeJS.WriteStream): Progress {
  return {
    start: (label, total) =>
      stream.isTTY ? startBar(stream, label, total) : startLines(stream, label, total),
  };
}

/** The plain form; the interval is a parameter so that a test need not wait. */
export function startLines(
  stream: ProgressStream,
  label: string,
  total: number | null,
  timing = { silentMs, plainLineMs },
): ProgressTask {
  const begun = performance.now();
  let count = 0;
  let shownAt = begun + timing.silentMs - timing.plainLineMs;
  return {
    add(more) {
      count += more;
      const now = performance.now();
      if (now - shownAt < timing.plainLineMs) return;
      shownAt = now;
      const share =
        total === null || total === 0 ? '' : ` of ${total} (${Math.floor((count * 100) / total)} %)`;
      stream.write(`${label}: ${count}${share} after ${Math.round((now - begun) / 1_000)} s\n`);
    },
    end: () => undefined,
  };
}

function startBar(stream: NodeJS.WriteStream, label: string, total: number | null): ProgressTask {
  const begun = performance.now();
  let bar: Bar | null = null;
  let count = 0;
  let shownAt = begun + silentMs - barMs;
  return {
    add(more) {
      count += more;
      const now = performance.now();
      if (now - shownAt < barMs) return;
      shownAt = now;
      bar ??= openBar(stream, label, total);
      bar.update(count);
    },
    end: () => bar?.stop(),
  };
}

function openBar(stream: NodeJS.WriteStream, label: string, total: number | null): Bar {
  const format =
    total === null
      ? `${label}  {value}  {duration_formatted}`
      : `${label} {bar} {percentage} %  {eta_formatted}`;
  const bar = new SingleBar({ stream, format, clearOnComplete: true, hideCursor: true, barsize: 30 });
  bar.start(total ?? 0, 0);
  return bar;
}
