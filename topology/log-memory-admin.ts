/**
 * Job: topics and group positions of the in-memory log.
 *
 * Boundary: owns which topics exist; what is in them belongs to their partitions.
 *
 * Invariants:
 *  1. A topic is never created by use; an unknown one is a fatal error everywhere.
 */

import {
  type LogAdmin,
  LogError,
  type Position,
  type TopicDescription,
  type TopicPartition,
  type TopicSpec,
} from './log.ts';
import { MemoryPartition } from './log-memory-partition.ts';

interface MemoryTopic {
  readonly id: string;
  readonly partitions: readonly MemoryPartition[];
  readonly config: Record<string, string>;
}

export class MemoryTopics implements LogAdmin {
  readonly #topics = new Map<string, MemoryTopic>();
  #created = 0;
  readonly #groupPositions = new Map<string, Map<string, number>>();

  async describeTopics(names: readonly string[]): Promise<ReadonlyMap<string, TopicDescription | null>> {
    return new Map(names.map((name) => [name, this.#describe(name)]));
  }

  async createTopics(specs: readonly TopicSpec[]): Promise<void> {
    for (const { name, partitions, config } of specs) {
      if (this.#topics.has(name)) throw new LogError('fatal', 'TOPIC_ALREADY_EXISTS', name);
      this.#created += 1;
      this.#topics.set(name, {
        id: `topic-${this.#created}`,
        partitions: Array.from(
          { length: partitions },
          (_, partition) => new MemoryPartition(name, partition),
        ),
        config: { ...config },
      });
    }
  }

  async alterTopicConfig(name: string, config: Readonly<Record<string, string>>): Promise<void> {
    Object.assign(this.topic(name).config, config);
  }

  async deleteTopics(names: readonly string[]): Promise<void> {
    for (const name of names) {
      this.topic(name);
      this.#topics.delete(name);
    }
  }

  async listTopics(): Promise<readonly string[]> {
    return [...this.#topics.keys()].sort();
  }

  async groupPositions(group: string, partitions: readonly TopicPartition[]): Promise<readonly Position[]> {
    const known = this.#groupPositions.get(group);
    return partitions.map(({ topic, partition }) => ({
      topic,
      partition,
      offset: known?.get(`${topic}/${partition}`) ?? -1,
    }));
  }

  publish(group: string, positions: readonly Position[]): void {
    const known = this.#groupPositions.get(group) ?? new Map<string, number>();
    this.#groupPositions.set(group, known);
    for (const { topic, partition, offset } of positions) known.set(`${topic}/${partition}`, offset);
  }

  topic(name: string): MemoryTopic {
    const found = this.#topics.get(name);
    if (found === undefined) throw new LogError('fatal', 'UNKNOWN_TOPIC_OR_PARTITION', name);
    return found;
  }

  partition({ topic, partition }: TopicPartition): MemoryPartition {
    const found = this.topic(topic).partitions[partition];
    if (found !== undefined) return found;
    throw new LogError('fatal', 'UNKNOWN_TOPIC_OR_PARTITION', `${topic}/${partition}`);
  }

  #describe(name: string): TopicDescription | null {
    const topic = this.#topics.get(name);
    return topic === undefined
      ? null
      : { name, partitions: topic.partitions.length, config: { ...topic.config } };
  }
}
