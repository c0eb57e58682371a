/** What a verifier finds, in one shape: which kind of change, and where. */
import type { ServiceName } from '../../topology/topics.ts';
import type { DifferenceKind } from './difference.ts';

export type FaultKind =
  | DifferenceKind
  /** The chain is whole and is not the one that was sealed. */
  | 'forked'
  | 'forged_head'
  | 'wrong_key'
  /** The folder of heads ends before the head that was given. */
  | 'rolled_back'
  | 'head_missing'
  /** A compacted topic differs, and without the index nobody can tell compaction from change. */
  | 'index_missing'
  | 'other_cluster';

export interface Fault {
  readonly kind: FaultKind;
  readonly service: ServiceName | null;
  readonly partition: number | null;
  readonly step: number | null;
  readonly topic: string | null;
  readonly offset: number | null;
  readonly message: string;
}

export function faultOf(kind: FaultKind, message: string, place: Partial<Fault> = {}): Fault {
  return { service: null, partition: null, step: null, topic: null, offset: null, ...place, kind, message };
}
