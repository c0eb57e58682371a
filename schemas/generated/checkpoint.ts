// Generated from records/checkpoint.avsc by npm run generate; do not edit.
import type { Instant } from '../instant.ts';

/** Where a task stands: input positions, stream time, step number and digest. One per changelog partition. */
export interface Checkpoint {
  readonly clusterId: string;
  readonly positions: readonly InputPosition[];
  readonly streamTime: Instant | null;
  readonly step: number;
  readonly digest: Buffer;
}

export interface InputPosition {
  readonly topic: string;
  readonly offset: number;
  /** What the cluster named the topic when it was created; absent in checkpoints before this was kept. */
  readonly topicId: string | null;
}
