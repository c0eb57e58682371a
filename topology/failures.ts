/**
 * One classifier for what a task does after an error (R6): try again, stand back, or end the process.
 *
 * Refusals and dead letters are outputs and never come here.
 */
import { LogError } from './log.ts';

export type Reaction =
  /** Broker trouble or an unknown outcome: throw the task away and acquire again after a pause. */
  | 'acquire_again'
  /** Another owner has the task: wait for the next assignment, never fence back. */
  | 'stand_back'
  /** Lost data, a refusal that a retry cannot mend, or a broken invariant: end non-zero and say why. */
  | 'exit';

const REACTIONS = {
  retriable: 'acquire_again',
  unknown_outcome: 'acquire_again',
  fenced: 'stand_back',
  out_of_range: 'exit',
  fatal: 'exit',
} as const satisfies Record<LogError['kind'], Reaction>;

export function reactionTo(error: unknown): Reaction {
  if (error instanceof LogError) return REACTIONS[error.kind];
  return isRegistryTrouble(error) ? 'acquire_again' : 'exit';
}

/** The schema directory marks an unreachable registry as retriable; everything else unknown is a bug of ours. */
function isRegistryTrouble(error: unknown): boolean {
  return error instanceof Error && 'retriable' in error && error.retriable === true;
}
