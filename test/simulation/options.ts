/**
 * What one simulated run is made of: a seed, a size, and which faults may strike how often.
 *
 * Invariant: the same options give the same run, record for record.
 */
import { Random } from '../../infra/main-job/random.ts';

export const FAULT_KINDS = [
  /** A task is forgotten at an await, as SIGKILL would, and acquired again. */
  'kill',
  /** A task stops at an await, another takes over, and the first one wakes up later: a zombie. */
  'freeze',
  /** Another worker acquires a task while the first still works. */
  'takeover',
  /** A commit fails before or after it happened, its request is lost, or its transaction stays open. */
  'commit',
  /** A fetch fails, or comes short, empty or late. */
  'fetch',
  /** Opening a transactor, asking for bounds or for a schema fails. */
  'broker',
  /** The broker's clock jumps by an hour, forwards or backwards. */
  'clock',
  /** The log cleaner compacts changelogs. */
  'compact',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

export interface SimulationOptions {
  readonly seed: number;
  /** Uses sent, repeats and bad ones not counted. */
  readonly events: number;
  readonly kinds: ReadonlySet<FaultKind>;
  /** After this many faults nothing fails any more. */
  readonly faultsMax: number;
}

export const EVENTS_DEFAULT = 400;

export function optionsOf(seed: number, change: Partial<SimulationOptions> = {}): SimulationOptions {
  return {
    seed,
    events: EVENTS_DEFAULT,
    kinds: new Set(FAULT_KINDS),
    faultsMax: Number.MAX_SAFE_INTEGER,
    ...change,
  };
}

/** A stream of chance of its own for each purpose, so that fewer faults do not change the input. */
export function streamOf(seed: number, purpose: number): Random {
  const random = new Random(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(purpose, 0x85ebca77));
  // The first draws of neighbouring seeds are alike.
  for (let draw = 0; draw < 4; draw += 1) random.below(2);
  return random;
}
