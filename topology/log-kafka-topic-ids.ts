/**
 * Job: ask which id the cluster gave to a topic when it was created (Metadata v10, KIP-516; brokers from 2.8 on).
 *
 * Boundary: one question to one broker; retries belong to the caller. kafkajs stops at an older version of the request.
 *
 * Invariant: a topic that was deleted and made again has another id, whatever it holds.
 */
import { LogError } from './log.ts';
import type { KafkaClient } from './log-kafka-client.ts';
import { errorOfCode } from './log-kafka-errors.ts';
import { askFlexibly } from './log-kafka-flexible.ts';
import type { WireReader, WireWriter } from './log-kafka-wire.ts';

const metadata = { apiKey: 3, apiVersion: 10, apiName: 'Metadata' } as const;
const uuidBytes = 16;
const booleanBytes = 1;

/** By topic, written as Kafka's own tools write them. */
export async function topicIds(
  client: KafkaClient,
  topics: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const leaders = await client.byLeader(topics.map((topic) => ({ topic, partition: 0 })));
  const [broker] = leaders.keys();
  if (broker === undefined) return new Map();
  const reader = await askFlexibly(client, { broker, ...metadata }, (writer) =>
    writeQuestion(writer, topics),
  );
  return new Map(readTopics(reader).map(({ topic, id }) => [topic, id]));
}

function writeQuestion(writer: WireWriter, topics: readonly string[]): void {
  writer.compactArray(topics, (topic) => {
    // No id: the topics are asked for by name.
    writer.int64(0);
    writer.int64(0);
    writer.compactString(topic);
    writer.noTags();
  });
  // Neither is a topic created by asking, nor is anything told about rights on cluster and topics.
  for (let flags = 0; flags < 3; flags += 1) writer.int8(0);
}

function readTopics(reader: WireReader): readonly { readonly topic: string; readonly id: string }[] {
  reader.int32();
  reader.compactArray(() => {
    reader.int32();
    reader.compactString();
    reader.int32();
    reader.compactString();
    reader.skipTags();
  });
  reader.compactString();
  reader.int32();
  return reader.compactArray(() => {
    const errorCode = reader.int16();
    const topic = reader.compactString() ?? '';
    const id = reader.buffer.toString('base64url', reader.at, reader.at + uuidBytes);
    reader.at += uuidBytes + booleanBytes;
    reader.compactArray(() => skipPartition(reader));
    reader.int32();
    reader.skipTags();
    if (errorCode !== 0) throw errorOfCode(errorCode, `Metadata of ${topic}`);
    if (/^A*$/.test(id))
      throw new LogError('fatal', 'NO_TOPIC_ID', `${topic}: the cluster gives topics no ids`);
    return { topic, id };
  });
}

function skipPartition(reader: WireReader): void {
  reader.int16();
  reader.int32();
  reader.int32();
  reader.int32();
  // Replicas: all, in sync, offline.
  for (let lists = 0; lists < 3; lists += 1) reader.compactArray(() => reader.int32());
  reader.skipTags();
}
