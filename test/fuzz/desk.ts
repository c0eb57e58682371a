/**
 * Job: one task for each service that reads a topic, worked record by record exactly as `topology/task.ts` does, up to
 * the transaction: every record is a step of its own, so that each has a verdict and a time of its own.
 *
 * Boundary: no log. What a step would write is encoded and laid into batches, which is where a commit could still fail.
 *
 * Invariants (each breach is thrown as a `Breach`):
 *  1. A record gets exactly one verdict, and everything but an input is in the rejected topic, with a code that exists.
 *  2. A dead letter holds key and value as they were sent.
 *  3. All readers of a topic agree on what is a dead letter.
 */
import { topicSpecs } from '../../infra/apply/topic-specs.ts';
import { PROCESSORS } from '../../infra/processors.ts';
import { decodeFramed, frameId } from '../../schemas/codec.ts';
import { DEAD_LETTERS, refusalRule } from '../../schemas/refusals.ts';
import type { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import { AdmissionWindow } from '../../topology/admission-window.ts';
import { packState, stateForm } from '../../topology/changelog.ts';
import { NO_DIGEST } from '../../topology/digest.ts';
import { Intake } from '../../topology/intake.ts';
import { DEDUP_HORIZON_MS, LIMITS } from '../../topology/limits.ts';
import type { LogRecord, PackedRecords } from '../../topology/log.ts';
import type { AnyProcessor } from '../../topology/processor.ts';
import { outgoingRecords, type Publication } from '../../topology/publication.ts';
import { batchHeaderBytes } from '../../topology/record-batch.ts';
import type { UnpackedRecord } from '../../topology/record-batch-decode.ts';
import {
  evaluateStep,
  heldKey,
  type Progress,
  type StepResult,
  type TaskState,
} from '../../topology/step.ts';
import { Store } from '../../topology/store.ts';
import { bytesOf } from '../../topology/text-bytes.ts';
import { serviceTopics, TOPICS, type TopicName } from '../../topology/topics.ts';
import { unpacked } from '../support/packed.ts';
import { threadMs } from './report.ts';
import { HOME, NOW, PARTITIONS } from './world.ts';

const DEAD_CODES: ReadonlySet<string> = new Set(DEAD_LETTERS.map(({ code }) => code));

const BROKER_DEFAULT = '1048588';
const BATCH_BYTES_MAX: ReadonlyMap<string, number> = new Map(
  topicSpecs({ partitions: PARTITIONS, replicationFactor: 1 }).map(({ name, config }) => {
    return [name, Number(config['max.message.bytes'] ?? BROKER_DEFAULT)];
  }),
);

/** A promise of the runtime that a record broke. */
export class Breach extends Error {}

/** What one service made of a record: `input`, or the codes under which it stands in the rejected topic. */
export interface Outcome {
  readonly service: string;
  readonly verdict: string;
  readonly ms: number;
}

export class Desk {
  readonly #directory: MemorySchemaDirectory;
  readonly #seats: readonly Seat[];
  #offset = 0;

  constructor(directory: MemorySchemaDirectory, topic: TopicName, world: readonly Publication[]) {
    this.#directory = directory;
    this.#seats = PROCESSORS.filter(({ inputs }) => inputs.includes(topic)).map(
      (processor) => new Seat(processor, directory),
    );
    for (const publication of world) this.#tell(publication);
  }

  /** What every service that reads the topic makes of the record. */
  take(topic: TopicName, sent: Pick<LogRecord, 'key' | 'value'>): readonly Outcome[] {
    this.#offset += 1;
    const { key, value } = sent;
    const record = { topic, partition: HOME, offset: this.#offset, appendedAt: NOW, key, value, headers: [] };
    const outcomes = this.#seats.filter((seat) => seat.reads(topic)).map((seat) => seat.take(topic, record));
    const isDead = outcomes.map(({ verdict }) => DEAD_CODES.has(verdict) || verdict === 'counted dead');
    if (new Set(isDead).size > 1) {
      throw new Breach(`readers disagree: ${outcomes.map(({ verdict }) => verdict).join(', ')}`);
    }
    return outcomes;
  }

  /** The record of a publication that comes to our partition. */
  framed(publication: Publication): { readonly key: Buffer; readonly value: Buffer } {
    const schemaId = this.#directory.idOf(TOPICS[publication.topic].record);
    const records = outgoingRecords(publication, { source: '/fuzz', partitions: PARTITIONS, schemaId });
    const ours = records.find(({ partition }) => partition === HOME);
    if (ours === undefined || ours.key === null || ours.value === null) {
      throw new Error(`${publication.topic}: the record lives on another partition`);
    }
    return { key: bytesOf(ours.key), value: ours.value };
  }

  #tell(publication: Publication): void {
    for (const { verdict } of this.take(publication.topic, this.framed(publication))) {
      if (verdict !== 'input') throw new Error(`${publication.topic} of the world is ${verdict}`);
    }
  }
}

interface Taken {
  readonly counts: StepResult['counts'];
  readonly written: readonly UnpackedRecord[];
}

class Seat {
  readonly #state: TaskState;
  readonly #directory: MemorySchemaDirectory;
  readonly #rejected: string;
  #progress: Progress = { step: 0, digest: NO_DIGEST, streamTime: null };

  constructor(processor: AnyProcessor, directory: MemorySchemaDirectory) {
    const window = new AdmissionWindow(DEDUP_HORIZON_MS);
    this.#directory = directory;
    this.#rejected = serviceTopics(processor.service).rejected;
    this.#state = {
      processor,
      partition: HOME,
      directory,
      window,
      store: new Store(processor.tables, stateForm(directory), LIMITS.decodedMax),
      intake: new Intake({ directory, partitions: PARTITIONS, window }),
    };
  }

  reads(topic: TopicName): boolean {
    return this.#state.processor.inputs.includes(topic);
  }

  take(topic: TopicName, record: LogRecord): Outcome {
    const { service } = this.#state.processor;
    const started = threadMs();
    const result = this.#step(topic, record);
    const ms = threadMs() - started;
    return { service, verdict: this.#verdict(topic, record, result), ms };
  }

  #step(topic: TopicName, record: LogRecord): Taken {
    const slice = { topic, from: record.offset, to: record.offset + 1, records: [record] };
    const held = new Set(this.#isHeld(record) ? [heldKey(topic, record.offset)] : []);
    const result = evaluateStep(this.#state, this.#progress, { slices: [slice], held });
    const { store, partition } = this.#state;
    const place = {
      topic: serviceTopics(this.#state.processor.service).changelog,
      partition,
      directory: this.#directory,
    };
    const outputs = unpacked(result.outputs.packer.packs);
    packState(result.outputs.packer, place, { changes: store.changes(), blocks: result.blocks });
    checkSizes(result.outputs.packer.packs);
    store.commit();
    this.#progress = result.progress;
    return { counts: result.counts, written: outputs };
  }

  /** The registry of the test answers at once, so what is not known now stays unknown. */
  #isHeld({ value }: LogRecord): boolean {
    if (value === null || value.length < 5 || value[0] !== 0) return false;
    return this.#directory.writerSchema(value.readUInt32BE(1)) === undefined;
  }

  #verdict(topic: TopicName, record: LogRecord, { counts, written }: Taken): string {
    const { inputs, refusals, deadLetters } = counts;
    if (inputs + refusals + deadLetters !== 1) throw new Breach(`verdicts: ${JSON.stringify(counts)}`);
    const rejected = written.filter((output) => output.topic === this.#rejected);
    const codes = rejected.map((output) => this.#codeOf(record, output));
    if (inputs === 1) return codes.length === 0 ? 'input' : `input, ${[...new Set(codes)].join(', ')}`;
    const isPublished = topic !== 'usage-events' || this.#state.processor.publishesAdmission === true;
    if (!isPublished && written.length === 0) return deadLetters === 1 ? 'counted dead' : 'counted refused';
    const [code] = codes;
    if (!isPublished || code === undefined || written.length !== 1) {
      throw new Breach(`${written.length} records were written for one that is no input`);
    }
    if (DEAD_CODES.has(code) !== (deadLetters === 1))
      throw new Breach(`${code} is counted as the other kind`);
    return code;
  }

  /** Reads one record of the rejected topic back and holds it against what was sent. */
  #codeOf(sent: LogRecord, { value }: UnpackedRecord): string {
    const schema = (id: number) => this.#directory.writerSchema(id);
    const framed = value ?? Buffer.alloc(0);
    const isDead = frameId(framed) === this.#directory.idOf('DeadLetter');
    const letter = isDead
      ? decodeFramed('DeadLetter', framed, schema)
      : decodeFramed('Refusal', framed, schema);
    if (!letter.ok) throw new Breach(`a rejected record cannot be read: ${letter.message}`);
    const { code, originTopic, originOffset } = letter.value;
    if (refusalRule(code) === undefined) throw new Breach(`${code} is no code`);
    if (originTopic !== sent.topic || originOffset !== sent.offset) throw new Breach('the origin is another');
    if ('value' in letter.value) {
      if (!sameBytes(letter.value.key, sent.key) || !sameBytes(letter.value.value, sent.value)) {
        throw new Breach('the bytes of the dead letter are others than those that were sent');
      }
    }
    return code;
  }
}

/** A commit fails for ever when one of its batches is larger than the topic takes. */
function checkSizes(packs: readonly PackedRecords[]): void {
  for (const { topic, bytes } of packs) {
    const bytesMax = BATCH_BYTES_MAX.get(topic) ?? 0;
    if (batchHeaderBytes + bytes.length > bytesMax) {
      throw new Breach(`${bytes.length} bytes are more than ${topic} takes`);
    }
  }
}

function sameBytes(left: Buffer | null, right: Buffer | null): boolean {
  return left === null || right === null ? left === right : left.equals(right);
}
