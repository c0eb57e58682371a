import { LogError } from './log.ts';

/**
 * Why a record was not published, by what the sender can do:
 *  - `overloaded`: too much is waiting; send it again after a pause.
 *  - `unavailable`: the log did not take it, and nothing says that it will not later; send it again.
 *  - `unknown_outcome`: it may or may not be written; send it again with the same id, which is counted once.
 *  - `record_too_large`: it can never be written; make it smaller.
 *  - `refused_by_log`: the log refuses it for good (no such topic, no permission); an operator must look.
 *  - `fenced`: another publisher took over our transactional id; nothing of this call was written.
 *  - `closed`: this publisher is shutting down; send it to another.
 */
export type PublishErrorCode =
  | 'overloaded'
  | 'unavailable'
  | 'unknown_outcome'
  | 'record_too_large'
  | 'refused_by_log'
  | 'fenced'
  | 'closed';

export class PublishError extends Error {
  readonly code: PublishErrorCode;

  constructor(code: PublishErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'PublishError';
    this.code = code;
  }
}

export function publishErrorOf(cause: unknown): PublishError {
  if (!(cause instanceof LogError)) return new PublishError('unavailable', 'writing failed', { cause });
  switch (cause.kind) {
    case 'unknown_outcome':
      return new PublishError('unknown_outcome', 'the log did not answer in time', { cause });
    case 'retriable':
      return new PublishError('unavailable', 'the log is not available', { cause });
    case 'fenced':
      return new PublishError('fenced', 'another publisher took over the transactional id', { cause });
    default:
      return new PublishError('refused_by_log', cause.message, { cause });
  }
}
