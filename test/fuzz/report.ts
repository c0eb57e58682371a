/**
 * Job: count verdicts, time and memory of a run, keep what broke a promise, and say it all in a form that can be printed.
 *
 * Boundary: knows no record. Memory is what the process holds after garbage was collected, so growth is what stays.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const BYTES_SHOWN_MAX = 400;
const FINDINGS_MAX = 50;
const MEBIBYTE = 1024 * 1024;

export const GROWTH_MEBIBYTES_MAX = 64;

export interface Finding {
  /** Number of the record in the run: the same seed makes it again. */
  readonly n: number;
  readonly mutation: string;
  readonly problem: string;
  /** Beginning of what was sent, in hex or as text. */
  readonly sent: string;
  /** How often the same problem came up. */
  times: number;
}

export interface Report {
  readonly name: string;
  readonly seed: number;
  readonly records: number;
  readonly witnesses: number;
  readonly seconds: number;
  readonly slowestMs: number;
  /** Growth of what the process holds of the machine, and of what its records and caches hold of that. */
  readonly growthMebibytes: number;
  readonly heapGrowthMebibytes: number;
  readonly findings: readonly Finding[];
  /** Verdicts of each service and how many records got them. */
  readonly verdicts: Readonly<Record<string, number>>;
}

export class Tally {
  readonly #name: string;
  readonly #verdicts = new Map<string, number>();
  readonly #findings = new Map<string, Finding>();
  readonly #started = performance.now();
  #heldFrom = memory();
  #slowestMs = 0;
  witnesses = 0;

  constructor(name: string) {
    this.#name = name;
  }

  count(verdict: string, ms: number): void {
    this.#verdicts.set(verdict, (this.#verdicts.get(verdict) ?? 0) + 1);
    if (ms > this.#slowestMs) this.#slowestMs = ms;
  }

  /** Caches and code are warm from here on; what is held later than this has grown. */
  warm(): void {
    this.#heldFrom = memory();
  }

  found(n: number, error: unknown, sent: { readonly mutation: string; readonly bytes: Buffer | null }): void {
    const problem = error instanceof Error ? reasonOf(error) : String(error);
    const known = this.#findings.get(problem);
    if (known !== undefined) known.times += 1;
    else if (this.#findings.size < FINDINGS_MAX) {
      const { mutation, bytes } = sent;
      const shown = bytes === null ? 'null' : bytes.toString('hex', 0, BYTES_SHOWN_MAX);
      this.#findings.set(problem, {
        n,
        mutation,
        problem,
        sent: `${bytes?.length ?? 0} bytes: ${shown}`,
        times: 1,
      });
    }
  }

  report(seed: number, records: number): Report {
    const { resident, heap } = memory();
    const verdicts = [...this.#verdicts].sort(([, left], [, right]) => right - left);
    return {
      name: this.#name,
      seed,
      records,
      witnesses: this.witnesses,
      seconds: Math.round((performance.now() - this.#started) / 100) / 10,
      slowestMs: Math.round(this.#slowestMs * 10) / 10,
      growthMebibytes: mebibytes(resident - this.#heldFrom.resident),
      heapGrowthMebibytes: mebibytes(heap - this.#heldFrom.heap),
      findings: [...this.#findings.values()],
      verdicts: Object.fromEntries(verdicts),
    };
  }
}

/** Everything that must hold of a run, as sentences about what does not. */
export function faultsOf(report: Report): readonly string[] {
  const faults = report.findings.map(
    ({ n, mutation, problem, times }) => `${times}x at ${n} (${mutation}): ${problem}`,
  );
  if (report.growthMebibytes < GROWTH_MEBIBYTES_MAX) return faults;
  return [...faults, `memory grew by ${report.growthMebibytes} MiB`];
}

/** Offsets and sizes differ from record to record and would make every finding a new one. */
function reasonOf(error: Error): string {
  const frames = [...(error.stack ?? '').matchAll(/((?:topology|services)\/[\w./-]+:\d+)/g)].map(
    ([, place]) => place,
  );
  const cause = error.cause instanceof Error ? reasonOf(error.cause) : '';
  const message = error.message.replaceAll(/\d{3,}/g, 'N').slice(0, 300);
  return `${message} [${frames.slice(0, 4).join(' < ')}] ${cause}`.trim();
}

/** Processor time of this thread in milliseconds: what a record costs, whatever else the machine is doing. */
export function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

function mebibytes(bytes: number): number {
  return Math.round((bytes / MEBIBYTE) * 10) / 10;
}

function memory(): { readonly resident: number; readonly heap: number } {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new Error('garbage cannot be collected on demand');
  // A last resort gives pages back; otherwise what the engine keeps for later would look like growth.
  for (let times = 0; times < 3; times += 1)
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  const { rss, heapUsed, external } = process.memoryUsage();
  return { resident: rss, heap: heapUsed + external };
}
