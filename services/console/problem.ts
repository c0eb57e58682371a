/**
 * Every code that the console answers with when it has no answer, its status, and the way out.
 *
 * Invariant: a code is never renamed or given another meaning; the page and scripts act on it.
 */
const RULES = {
  parameter_invalid: { status: 400, wayOut: 'Correct the parameters listed in details.' },
  host_refused: {
    status: 403,
    wayOut: 'Open the console by its address or localhost, or add the name to CONSOLE_HOST_NAMES.',
  },
  not_found: { status: 404, wayOut: 'See the list of paths in services/console/README.md.' },
  request_unknown: {
    status: 404,
    wayOut: 'Check the id and the account; a use that was just sent needs a moment to get here.',
  },
  proof_missing: { status: 404, wayOut: 'Run npm start: the proof is written when its job is done.' },
  internal: { status: 500, wayOut: 'Look into the log of the console; it names the cause.' },
  analytics_denied: {
    status: 502,
    wayOut: 'Correct CLICKHOUSE_USER and CLICKHOUSE_PASSWORD and start again.',
  },
  analytics_failed: {
    status: 502,
    wayOut: 'Look into the log of the console; it has the answer of ClickHouse.',
  },
  proof_unreadable: { status: 503, wayOut: 'Wait until npm start has written it, or run npm start again.' },
  analytics_unavailable: {
    status: 503,
    wayOut: 'Start ClickHouse (npm start does) or correct CLICKHOUSE_URL; the page recovers by itself.',
  },
  analytics_not_ready: {
    status: 503,
    wayOut: 'Let npm start, or the analytics sink, create the tables; the page recovers by itself.',
  },
  analytics_too_heavy: {
    status: 503,
    wayOut: 'Ask for fewer days, or wait until ClickHouse has less to do.',
  },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly wayOut: string }>>;

export type ProblemCode = keyof typeof RULES;

export const PROBLEM_CODES: readonly string[] = Object.keys(RULES);

export interface ParameterProblem {
  readonly parameter: string;
  readonly message: string;
}

const RETRY_AFTER_SECONDS = 2;

export class Problem extends Error {
  readonly code: ProblemCode;
  readonly details: readonly ParameterProblem[];

  constructor(
    code: ProblemCode,
    message: string,
    options: { details?: readonly ParameterProblem[]; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'Problem';
    this.code = code;
    this.details = options.details ?? [];
  }

  get status(): number {
    return RULES[this.code].status;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.status === 503 ? { 'retry-after': String(RETRY_AFTER_SECONDS) } : {};
  }

  get body(): object {
    const { code, message, details } = this;
    return { error: { code, message, wayOut: RULES[code].wayOut, details } };
  }
}
