/**
 * The outputs of one task on one topic, handed out step by step.
 *
 * Invariant: a record belongs to the step that its CloudEvents id names (`service/partition/step/index`), and within
 * a topic the steps of a task never go back, because one fenced producer writes them one transaction after the other.
 */
import type { DigestedOutput } from '../../../topology/digest.ts';
import type { LogRecord, TopicPartition } from '../../../topology/log.ts';
import type { ServiceName } from '../../../topology/topics.ts';
import { type Fault, faultOf } from '../../seal/fault.ts';
import { originOf } from '../../seal/origin.ts';
import { PartitionCursor, type Source } from '../topic-scan.ts';

const NOTHING = Buffer.alloc(0);

export interface PlacedOutput extends DigestedOutput {
  readonly index: number;
  readonly offset: number;
}

export class OutputLane {
  readonly topic: string;
  readonly #cursor: PartitionCursor;
  readonly #service: ServiceName;

  private constructor(topic: string, cursor: PartitionCursor, service: ServiceName) {
    this.topic = topic;
    this.#cursor = cursor;
    this.#service = service;
  }

  static async open(source: Source, place: TopicPartition, service: ServiceName): Promise<OutputLane> {
    return new OutputLane(place.topic, await PartitionCursor.open(source, place), service);
  }

  /** A record in front of a step that no later step can claim: of no task, of another one, or of a step gone by. */
  async strayBefore(step: number): Promise<Fault | null> {
    const record = await this.#cursor.peek();
    if (record === null) return null;
    const origin = originOf(record, this.#service);
    return origin !== null && origin.step >= step ? null : stray(record);
  }

  async takeStep(step: number): Promise<readonly PlacedOutput[]> {
    const outputs: PlacedOutput[] = [];
    for (;;) {
      const record = await this.#cursor.peek();
      const origin = record === null ? null : originOf(record, this.#service);
      if (record === null || origin === null || origin.step !== step) return outputs;
      await this.#cursor.take();
      const { topic, key, value, offset } = record;
      outputs.push({
        topic,
        key: key ?? NOTHING,
        value: value ?? NOTHING,
        index: origin.index,
        offset,
      });
    }
  }

  async strayBehind(lastStep: number): Promise<Fault | null> {
    for (;;) {
      const record = await this.#cursor.take();
      if (record === null) return null;
      const origin = originOf(record, this.#service);
      if (origin === null || origin.step <= lastStep) return stray(record);
    }
  }

  async close(): Promise<void> {
    await this.#cursor.close();
  }
}

function stray({ topic, partition, offset }: LogRecord): Fault {
  return faultOf('inserted', `no step wrote ${topic}/${partition}@${offset}`, { topic, offset });
}
