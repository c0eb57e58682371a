/**
 * Job: ask where partitions begin and end.
 *
 * Boundary: one question to the leaders; retries belong to the caller.
 */
import type { TopicPartition } from './log.ts';
import type { KafkaClient } from './log-kafka-client.ts';

export type OffsetKind = keyof typeof questions;

/** `stable` is the end of what is decided; `written` of all that is in the log. */
const questions = {
  earliest: { timestamp: -2, isolationLevel: 1 },
  stable: { timestamp: -1, isolationLevel: 1 },
  written: { timestamp: -1, isolationLevel: 0 },
} as const;

/** By `topic/partition`. */
export async function listOffsets(
  client: KafkaClient,
  partitions: readonly TopicPartition[],
  kind: OffsetKind,
): Promise<ReadonlyMap<string, number>> {
  const { timestamp, isolationLevel } = questions[kind];
  const leaders = await client.byLeader(partitions);
  const answers = await Promise.all(
    [...leaders].map(async ([leader, places]) => {
      const topics = [...Map.groupBy(places, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
        topic,
        partitions: ofTopic.map(({ partition }) => ({ partition, timestamp })),
      }));
      const broker = await client.broker(leader);
      return (await broker.listOffsets({ replicaId: -1, isolationLevel, topics })).responses;
    }),
  );
  return new Map(
    answers
      .flat()
      .flatMap(({ topic, partitions: ofTopic }) =>
        ofTopic.map(({ partition, offset }) => [`${topic}/${partition}`, Number(offset)]),
      ),
  );
}
