/** One request of a trace, whichever file it comes from. */
export interface TraceRequest {
  /** Milliseconds on the trace's own clock; only differences mean something. */
  readonly arrivedMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Part of the input that a prefix cache would have served; null where the trace cannot tell. */
  readonly cachedTokens: number | null;
}

/** Reads the lines of one format; `parse` throws a sentence for a line that is wrong. */
export interface TraceFormat {
  readonly name: string;
  /** Whether the first line of a file is of this format. */
  readonly recognises: (firstLine: string) => boolean;
  /** Null for a line without a request, such as a header. A parser may remember what came before. */
  readonly parser: () => (line: string) => TraceRequest | null;
}
