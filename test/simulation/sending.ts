/**
 * Turns what is planned into records, and remembers what was sent in a form that knows no service.
 */
import { poison } from '../../infra/main-job/poison.ts';
import { encodeBody, encodeFramed } from '../../schemas/codec.ts';
import type { ClockTick } from '../../schemas/generated/clock-tick.ts';
import { schemaTextOfRecord } from '../../schemas/record-type.ts';
import type { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import type { OutgoingRecord } from '../../topology/log.ts';
import type { MemoryLog } from '../../topology/log-memory.ts';
import { partitionOf } from '../../topology/partitioner.ts';
import type { Publication } from '../../topology/publication.ts';
import { bytesOf } from '../../topology/text-bytes.ts';
import { TOPICS } from '../../topology/topics.ts';
import type { Sent } from './audit/sent.ts';
import type { Sending } from './timeline.ts';

export class Sender {
  readonly sent: Sent[] = [];
  readonly clock = { now: 0 };
  readonly #directory: MemorySchemaDirectory;
  readonly #partitions: number;
  readonly #foreignId: number;
  /** Largest tick sent so far, and how many stages were begun. */
  #streamTime: number | null = null;
  #stage = 0;

  constructor(directory: MemorySchemaDirectory, partitions: number) {
    this.#directory = directory;
    this.#partitions = partitions;
    this.#foreignId = directory.register(foreignSchema());
  }

  get foreignIds(): ReadonlySet<number> {
    return new Set([this.#foreignId]);
  }

  get streamTime(): number | null {
    return this.#streamTime;
  }

  beginStage(): void {
    this.#stage += 1;
  }

  async send(log: MemoryLog, sending: Sending): Promise<void> {
    this.clock.now = sending.at;
    for (const { record, deadCode } of this.#recordsOf(sending)) await this.#append(log, record, deadCode);
  }

  async tick(log: MemoryLog, tick: ClockTick): Promise<void> {
    this.clock.now = tick.time;
    if (this.#streamTime === null || tick.time > this.#streamTime) this.#streamTime = tick.time;
    for (const record of this.#records({ topic: 'clock-ticks', value: tick })) {
      await this.#append(log, record, null);
    }
  }

  async #append(log: MemoryLog, record: OutgoingRecord, deadCode: string | null): Promise<void> {
    const [place] = await log.append([record]);
    this.sent.push({
      topic: record.topic,
      partition: record.partition,
      offset: place?.firstOffset ?? -1,
      appendedAt: this.clock.now,
      key: bytesOf(record.key),
      value: record.value,
      deadCode,
      stage: this.#stage,
      streamTime: this.#streamTime,
    });
  }

  #recordsOf(
    sending: Sending,
  ): readonly { readonly record: OutgoingRecord; readonly deadCode: string | null }[] {
    if ('publication' in sending) {
      return this.#records(sending.publication).map((record) => ({ record, deadCode: null }));
    }
    if ('foreign' in sending) {
      return this.#records(sending.foreign).map((record) => ({
        record: { ...record, value: this.#asForeign(sending.foreign) },
        deadCode: null,
      }));
    }
    if (sending.poisonOf.topic !== 'usage-events') return [];
    return poison(sending.poisonOf.value, this.#directory, this.#partitions).map(({ code, record }) => ({
      record,
      deadCode: code,
    }));
  }

  #records({ topic, value }: Publication): readonly OutgoingRecord[] {
    const { record } = TOPICS[topic];
    const bytes = encodeFramed(record, value, this.#directory.idOf(record));
    if ('accountId' in value) {
      const key = Buffer.from(value.accountId);
      return [{ topic, partition: partitionOf(key, this.#partitions), key, value: bytes }];
    }
    return Array.from({ length: this.#partitions }, (_, partition) => ({
      topic,
      partition,
      key: Buffer.from(String(partition)),
      value: bytes,
    }));
  }

  /** The schema's last field is an optional one, whose null is one zero byte. */
  #asForeign(publication: Publication): Buffer {
    if (publication.topic !== 'usage-events') throw new Error('only uses are sent by another version');
    const frame = Buffer.alloc(5);
    frame.writeUInt32BE(this.#foreignId, 1);
    return Buffer.concat([frame, encodeBody('UsageEvent', publication.value), Buffer.alloc(1)]);
  }
}

function foreignSchema(): string {
  const schema: unknown = JSON.parse(schemaTextOfRecord('UsageEvent'));
  const isRecord = typeof schema === 'object' && schema !== null && 'fields' in schema;
  if (!isRecord || !Array.isArray(schema.fields)) throw new Error('the schema of a use has no fields');
  const added = { name: 'addedByAnotherVersion', type: ['null', 'string'], default: null };
  return JSON.stringify({ ...schema, fields: [...schema.fields, added] });
}
