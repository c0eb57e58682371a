/** An answer that is not 202: status and way out follow from the code; details name the records and fields at fault. */
import { type HttpCode, httpRule } from './problem-codes.ts';
import type { FieldProblem } from './requests/read-request.ts';

/** A field problem of one record of a batch. */
export interface IndexedProblem extends FieldProblem {
  readonly index: number;
  readonly wayOut: string;
}

const RETRY_AFTER_SECONDS = 1;

export class HttpProblem extends Error {
  readonly code: HttpCode;
  readonly details: readonly IndexedProblem[];

  constructor(
    code: HttpCode,
    message: string,
    options: { details?: readonly IndexedProblem[]; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'HttpProblem';
    this.code = code;
    this.details = options.details ?? [];
  }

  get status(): number {
    return httpRule(this.code).status;
  }

  get headers(): Readonly<Record<string, string>> {
    if (this.status === 503) return { 'retry-after': String(RETRY_AFTER_SECONDS) };
    return this.status === 401 ? { 'www-authenticate': 'Bearer' } : {};
  }

  get body(): object {
    const { code, message, details } = this;
    return { error: { code, message, wayOut: httpRule(code).wayOut, details } };
  }
}
