/**
 * From bytes to an input: decode, check the key, and for usage-events the admission of section 3 of the architecture.
 *
 * Job: give each record exactly one verdict: an input, a refusal with a code, or a dead letter with a code.
 *
 * Boundary: pure over the record and the window of ids. Loading an unknown schema happens before (`task.ts`); a record
 * whose schema stayed unknown arrives here as `held`.
 *
 * Invariants:
 *  1. Verdicts depend on the partition's records alone, append time included, so every reader reaches the same one.
 *  2. The order of checks is the order of codes in `schemas/refusals.ts`: readable, right key, acceptable, not seen.
 *  3. What becomes an input from outside is small enough that all that follows from it can be written. Records of our
 *     own services are as small as what they were derived from, and are never refused for their size.
 *  4. Whatever becomes of a use that can be read, its verdict carries the number of its source (U4).
 */
import { decodeFramed } from '../schemas/codec.ts';
import type { Extent } from '../schemas/extent.ts';
import type { RecordTypes } from '../schemas/generated/record-types.ts';
import type { UsageEvent } from '../schemas/generated/usage-event.ts';
import { type Instant, instantOfMillis } from '../schemas/instant.ts';
import { type RecordProblem, sizeProblem, textProblem } from '../schemas/record-rules.ts';
import { RecordView } from '../schemas/record-view.ts';
import { type DeadLetterCode, firstProblem } from '../schemas/refusals.ts';
import type { SchemaDirectory } from '../schemas/schema-directory.ts';
import { checkUsage } from '../schemas/usage-check.ts';
import type { WriterSchema } from '../schemas/writer-schema.ts';
import type { AdmissionWindow } from './admission-window.ts';
import { inputOf } from './input.ts';
import type { LogRecord } from './log.ts';
import { partitionOf } from './partitioner.ts';
import type { AnyProcessor, Input, RefusalOutput } from './processor.ts';
import { bytesOfKey, bytesOfValue } from './record-extents.ts';
import { isFromOutside, type RecordOf, TOPICS, type TopicName } from './topics.ts';
import { digestOfUse, nameOfUse, type SourceNumber, sourceNumberOf } from './use-identity.ts';

const FRAME_BYTES = 5;

export type Verdict =
  | { readonly kind: 'input'; readonly input: Input }
  | { readonly kind: 'refusal'; readonly refusal: RefusalOutput; readonly source: SourceNumber | null }
  | {
      readonly kind: 'dead';
      readonly code: DeadLetterCode;
      readonly message: string;
      readonly source: SourceNumber | null;
    };

export interface IntakeOptions {
  readonly directory: SchemaDirectory;
  readonly partitions: number;
  readonly window: AdmissionWindow;
  /** As the processor has it. */
  readonly reads?: AnyProcessor['reads'] | undefined;
}

export interface Arrival {
  readonly topic: TopicName;
  readonly record: LogRecord;
  readonly held: boolean;
  readonly streamTime: Instant | null;
}

type AnyRecord = RecordOf<TopicName>;
type AnyValue = RecordTypes[AnyRecord];

export class Intake {
  readonly #directory: SchemaDirectory;
  readonly #partitions: number;
  readonly #window: AdmissionWindow;
  /** By topic, of what is not read whole. */
  readonly #views: ReadonlyMap<string, RecordView<AnyRecord>>;

  constructor(options: IntakeOptions) {
    this.#directory = options.directory;
    this.#partitions = options.partitions;
    this.#window = options.window;
    this.#views = viewsOf(options.reads ?? {});
  }

  readonly #resolve = (id: number): WriterSchema | undefined => this.#directory.writerSchema(id);

  take(arrival: Arrival): Verdict {
    const { record, topic } = arrival;
    const key = bytesOfKey(record);
    const bytes = bytesOfValue(record);
    if (key === null) {
      return { ...dead('missing_key', 'the record has no key'), source: this.#sourceWithoutKey(arrival) };
    }
    if (bytes === null) return dead('missing_value', 'the record has no value');
    if (arrival.held) {
      return dead('schema_unresolved', 'the registry does not know the schema id of this record');
    }
    const decoded = decodeFramed(this.#views.get(topic) ?? TOPICS[topic].record, bytes, this.#resolve);
    if (!decoded.ok) return dead(decoded.code, decoded.message);
    const appendedAt = instantOfMillis(record.appendedAt);
    const refusal =
      this.#checkKey(arrival, key, decoded.value) ??
      checkForm(topic, decoded.value, bytes.to - bytes.from) ??
      this.#admit(topic, { value: decoded.value, writerId: decoded.writerId, bytes, appendedAt });
    if (refusal !== null) {
      const source = isUsage(topic, decoded.value) ? sourceNumberOf(decoded.value) : null;
      return { kind: 'refusal', refusal, source };
    }
    return {
      kind: 'input',
      input: inputOf({
        topic,
        value: decoded.value,
        cause: { topic, partition: record.partition, offset: record.offset },
        recordedAt: appendedAt,
        streamTime: streamTimeWith(arrival.streamTime, decoded.value),
      }),
    };
  }

  /** The value may well be readable, and then its number has arrived. */
  #sourceWithoutKey({ topic, record, held }: Arrival): SourceNumber | null {
    if (topic !== 'usage-events' || record.value === null || held) return null;
    const decoded = decodeFramed('UsageEvent', record.value, this.#resolve);
    return decoded.ok ? sourceNumberOf(decoded.value) : null;
  }

  #checkKey({ record, topic }: Arrival, key: Extent, value: AnyValue): RefusalOutput | null {
    if (TOPICS[topic].key !== 'account' || !('accountId' in value)) return null;
    const isRight = isText(key, value.accountId);
    if (isRight && partitionOf(key, this.#partitions) === record.partition) return null;
    const message = isRight
      ? `account ${value.accountId} belongs on another partition: partition by murmur2 of the key`
      : `the record key is not the account id ${value.accountId}`;
    return refusal({ code: 'key_mismatch', field: 'key', message }, this.#whole(record, topic, value));
  }

  /** A refusal names the record by fields that the processor may not read. */
  #whole(record: LogRecord, topic: TopicName, value: AnyValue): AnyValue {
    if (record.value === null || !this.#views.has(topic)) return value;
    const decoded = decodeFramed(TOPICS[topic].record, record.value, this.#resolve);
    if (!decoded.ok)
      throw new Error(`${topic}@${record.offset} can be read in part only: ${decoded.message}`);
    return decoded.value;
  }

  #admit(
    topic: TopicName,
    decoded: {
      readonly value: AnyValue;
      readonly writerId: number;
      readonly bytes: Extent;
      readonly appendedAt: Instant;
    },
  ): RefusalOutput | null {
    if (!isUsage(topic, decoded.value)) return null;
    const event = decoded.value;
    const { memory, from, to } = decoded.bytes;
    const problem = firstProblem<RecordProblem>(
      checkUsage(event, decoded.appendedAt, event.accountId),
      sizeProblem(event, to - from),
    );
    if (problem !== null) return refusal(problem, event);
    const isOwnSchema = decoded.writerId === this.#directory.idOf('UsageEvent');
    const body = { memory, from: from + FRAME_BYTES, to };
    const sighting = this.#window.see(
      nameOfUse(event),
      digestOfUse(event, isOwnSchema ? body : null),
      decoded.appendedAt,
    );
    if (sighting === 'new') return null;
    return refusal({ code: sighting, field: 'requestId', message: SIGHTINGS[sighting] }, event);
  }
}

/** The key of a record is compared with its account, so that is always read. */
function viewsOf(reads: NonNullable<AnyProcessor['reads']>): ReadonlyMap<string, RecordView<AnyRecord>> {
  const views = new Map<string, RecordView<AnyRecord>>();
  for (const [topic, fields] of Object.entries(reads)) {
    if (!isTopic(topic) || isFromOutside(topic)) {
      throw new Error(`records of ${topic} are read whole: what comes from outside is judged`);
    }
    const { record, key } = TOPICS[topic];
    views.set(
      topic,
      new RecordView<AnyRecord>(record, key === 'account' ? ['accountId', ...fields] : fields),
    );
  }
  return views;
}

function isTopic(name: string): name is TopicName {
  return Object.hasOwn(TOPICS, name);
}

/** A use is judged with its own rules, which bound every text of it. */
function checkForm(topic: TopicName, value: AnyValue, bytes: number): RefusalOutput | null {
  if (!isFromOutside(topic) || isUsage(topic, value)) return null;
  const problem = textProblem(TOPICS[topic].record, value) ?? sizeProblem(value, bytes);
  return problem === null ? null : refusal(problem, value);
}

/** Compares without making a string of the bytes, which almost always are the ASCII text itself. */
function isText({ memory, from, to }: Extent, text: string): boolean {
  if (to - from !== text.length) return memory.toString('utf8', from, to) === text;
  for (let at = 0; at < text.length; at += 1) {
    if (memory[from + at] !== text.charCodeAt(at)) return memory.toString('utf8', from, to) === text;
  }
  return true;
}

const SIGHTINGS = {
  duplicate: 'this request id was already recorded with the same payload; it is counted once',
  conflict: 'this request id was already recorded with another payload; send a new id for another use',
} as const;

function isUsage(topic: TopicName, value: AnyValue): value is UsageEvent {
  return topic === 'usage-events' && 'requestId' in value;
}

function streamTimeWith(streamTime: Instant | null, value: AnyValue): Instant | null {
  if (!('sequence' in value)) return streamTime;
  return streamTime === null || value.time > streamTime ? value.time : streamTime;
}

function dead(code: DeadLetterCode, message: string): Verdict & { readonly kind: 'dead' } {
  return { kind: 'dead', code, message, source: null };
}

function refusal(problem: Pick<RefusalOutput, 'code' | 'field' | 'message'>, value: AnyValue): RefusalOutput {
  return {
    topic: 'rejected',
    code: problem.code,
    field: problem.field,
    message: problem.message,
    accountId: 'accountId' in value ? value.accountId : null,
    recordId: recordIdOf(value),
  };
}

/** The id by which its producer knows the record; null for records that have none of their own. */
function recordIdOf(value: AnyValue): string | null {
  if ('requestId' in value) return value.requestId;
  if ('verificationId' in value) return value.verificationId;
  if ('claimId' in value) return value.claimId;
  if ('paymentId' in value) return value.paymentId;
  return 'contractId' in value ? value.contractId : null;
}
