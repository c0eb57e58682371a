/** What the command asks of a bench, and what it gives it. */
import type { Progress } from '../../infra/cli/progress.ts';

export interface Settings {
  /** Null where nobody asked for another number than that of the bench. */
  readonly events: number | null;
  /** Events a second. */
  readonly rates: readonly number[] | null;
  readonly seconds: number;
  readonly keys: number;
  readonly uses: number;
  readonly partitions: readonly number[] | null;
  readonly accountsMax: number;
  readonly idsMax: number;
  /** Which parts of a bench; null for all. */
  readonly parts: readonly string[] | null;
  readonly runs: number;
  readonly measures: string;
  readonly programs: string;
  readonly peerDir: string | null;
  readonly oursCommitMs: string | null;
  readonly oursThreads: number;
  readonly nodeOptions: string | null;
  /** `check` stores what it measured instead of comparing with what is stored. */
  readonly write: boolean;
  /** Where a plot is written to. */
  readonly plot: string | null;
}

export interface BenchContext {
  readonly settings: Settings;
  readonly tell: (line: string) => void;
  readonly progress: Progress;
}

/** Figures for programs, the same for people, and whether nothing was wrong. */
export interface Outcome {
  readonly figures: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly isSound: boolean;
}

export interface Bench {
  /** Each name that asks for it, and a line of the help. Those that are asked for together run on one system. */
  readonly names: Readonly<Record<string, string>>;
  readonly run: (context: BenchContext, asked: ReadonlySet<string>) => Promise<Outcome>;
}
