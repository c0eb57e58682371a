/**
 * Job: name the places where the in-memory log can fail, and the ways.
 *
 * Boundary: the log asks the hook once at each point and obeys; a hook holds the seed, the log holds none.
 *
 * Invariants:
 *  1. A fault that means nothing at a point is a mistake in the test and is refused, never ignored.
 */

import { LogError } from './log.ts';

export type FaultPoint =
  | { readonly at: 'open'; readonly transactionalId: string }
  | { readonly at: 'commit'; readonly transactionalId: string; readonly records: number }
  | { readonly at: 'fetch' }
  | { readonly at: 'append'; readonly records: number };

/**
 *  - `fail_before` (any point): nothing happened; retriable.
 *  - `fail_after` (commit, append): it happened and the reply was lost; unknown outcome.
 *  - `lose_request` (commit): nothing happened, but the caller cannot know; unknown outcome.
 *  - `stay_open` (commit): records are written and the transaction stays open until it is fenced; unknown outcome.
 *  - `short` (fetch): one record of one partition although more are there.
 *  - `empty` (fetch): nothing, at once, although something may be there.
 *  - `delay` (fetch): answers only after `fetchWaitMs`.
 */
export type Fault =
  | 'none'
  | 'fail_before'
  | 'fail_after'
  | 'lose_request'
  | 'stay_open'
  | 'short'
  | 'empty'
  | 'delay';

export type FaultHook = (point: FaultPoint) => Fault;

const meaningful: Readonly<Record<FaultPoint['at'], readonly Fault[]>> = {
  open: ['none', 'fail_before'],
  commit: ['none', 'fail_before', 'fail_after', 'lose_request', 'stay_open'],
  fetch: ['none', 'fail_before', 'short', 'empty', 'delay'],
  append: ['none', 'fail_before', 'fail_after'],
};

/** Asks the hook, and raises `fail_before` right away because it is the same everywhere. */
export function strike(hook: FaultHook | undefined, point: FaultPoint): Fault {
  const fault = hook === undefined ? 'none' : hook(point);
  if (!meaningful[point.at].includes(fault)) {
    throw new LogError('fatal', 'INVALID_FAULT', `${fault} means nothing at ${point.at}`);
  }
  if (fault === 'fail_before') throw new LogError('retriable', 'INJECTED', `fault at ${point.at}`);
  return fault;
}

export function lostReply(point: FaultPoint['at']): LogError {
  return new LogError('unknown_outcome', 'INJECTED', `no reply at ${point}`);
}
