/**
 * The outputs of one task on one topic, handed out step by step.
 *
 * Invariant: a record belongs to the step that its CloudEvents id names (`service/partition/step/index`), and within
 * a topic the steps of a task never go back, because one fenced producer writes them one transaction after the other.
 */
import type { DigestedOutput } from '../../../topology/digest.ts';
import type { LogRecord, TopicPartition } from '../../../topology/log.ts';
import { PartitionCursor, type Source } from '../topic-scan.ts';

export interface PlacedOutput extends DigestedOutput {
  readonly index: number;
}

interface Stray {
  readonly code: 'not_from_a_step';
  readonly message: string;
}

interface Origin {
  readonly step: number;
  readonly index: number;
}

export class OutputLane {
  readonly #cursor: PartitionCursor;
  readonly #place: TopicPartition;
  readonly #prefix: string;

  private constructor(cursor: PartitionCursor, place: TopicPartition, service: string) {
    this.#cursor = cursor;
    this.#place = place;
    this.#prefix = `${service}/${place.partition}/`;
  }

  static async open(source: Source, place: TopicPartition, service: string): Promise<OutputLane> {
    return new OutputLane(await PartitionCursor.open(source, place), place, service);
  }

  /** A record in front of a step that no later step can claim: of no task, of another one, or of a step gone by. */
  async strayBefore(step: number): Promise<Stray | null> {
    const record = await this.#cursor.peek();
    if (record === null) return null;
    const origin = this.#originOf(record);
    return origin !== null && origin.step >= step ? null : this.#stray(record);
  }

  async takeStep(step: number): Promise<readonly PlacedOutput[]> {
    const outputs: PlacedOutput[] = [];
    for (;;) {
      const record = await this.#cursor.peek();
      const origin = record === null ? null : this.#originOf(record);
      if (record === null || origin === null || origin.step !== step) return outputs;
      await this.#cursor.take();
      const { topic, key, value } = record;
      outputs.push({
        topic,
        key: key ?? Buffer.alloc(0),
        value: value ?? Buffer.alloc(5),
        index: origin.index,
      });
    }
  }

  async strayBehind(lastStep: number): Promise<Stray | null> {
    for (;;) {
      const record = await this.#cursor.take();
      if (record === null) return null;
      const origin = this.#originOf(record);
      if (origin === null || origin.step <= lastStep) return this.#stray(record);
    }
  }

  async close(): Promise<void> {
    await this.#cursor.close();
  }

  #stray(record: LogRecord): Stray {
    const { topic, partition } = this.#place;
    return { code: 'not_from_a_step', message: `no step wrote ${topic}/${partition}@${record.offset}` };
  }

  #originOf(record: LogRecord): Origin | null {
    const id = record.headers.find(([name]) => name === 'ce_id')?.[1].toString('latin1') ?? '';
    if (!id.startsWith(this.#prefix)) return null;
    const match = /^(\d{1,15})\/(\d{1,9})$/.exec(id.slice(this.#prefix.length));
    return match === null ? null : { step: Number(match[1]), index: Number(match[2]) };
  }
}
