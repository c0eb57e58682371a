/**
 * Job: transactions on the broker, request by request: the identity that fences, and one transaction under it.
 *
 * Boundary: owns producer id, epoch, sequence numbers and the remembered coordinators; when to write what belongs to
 * the transactor, and to tests that abort on purpose.
 *
 * Invariants:
 *  1. A producer is opened by InitProducerId, which fences older owners and ends what they left open.
 *  2. Sequence numbers advance per partition over all transactions of an epoch; nothing that may have been written is
 *     sent again, so after any error the whole producer is thrown away and they start anew with the next epoch.
 *  3. A partition's batches are sent one after the other, in order.
 *  4. A tenure knows an identity only while no request that would change it is without an answer.
 */

import {
  type CommittedAt,
  type Identity,
  LogError,
  type OutgoingRecord,
  type PackedRecords,
  type Position,
  type Tenure,
  type TopicPartition,
  type TransactionBatch,
} from './log.ts';
import type { KafkaClient } from './log-kafka-client.ts';
import { classify, errorOfCode, isOutcomeOpen, retrying } from './log-kafka-errors.ts';
import { endHanging, type LastTransaction, lastTransaction } from './log-kafka-hanging.ts';
import { distinct, planRounds } from './log-kafka-plan.ts';
import { decodeProduce, encodeProduce, produceKey } from './log-kafka-produce.ts';
import { isStillOurs } from './log-kafka-tenure.ts';
import {
  type Asking,
  type GroupPositions,
  openId,
  REQUESTS,
  type TransactionRequests,
  type TransactionVersion,
  type Verdict,
} from './log-kafka-transaction-requests.ts';
import { transactionVersionOf } from './log-kafka-transaction-version.ts';
import { WireWriter } from './log-kafka-wire.ts';
import type { BatchHeader } from './record-batch.ts';
import { packRecords, transactionRecordBytesMax } from './record-pack.ts';

/** The markers of the transaction before are still being written; that takes a few milliseconds. */
const concurrentAttemptsMax = 2_000;
const concurrentPauseMs = 2;
/** Coordinators load and move for a moment; a cluster that cannot be reached is the caller's to wait for. */
export const opening = {
  attemptsMax: 300,
  pauseMs: 20,
  again: (error: LogError): boolean => error.kind === 'retriable' && !isOutcomeOpen(error),
} as const;
const elections = { attemptsMax: 200, pauseMs: 25 } as const;
const electing: ReadonlySet<string> = new Set([
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
]);
const coordinatorType = { group: 0, transaction: 1 } as const;

export interface ProducerOptions {
  readonly client: KafkaClient;
  readonly transactionalId: string;
  readonly timeoutMs: number;
  readonly now: () => number;
  /** The newest version of transactions to use, where the cluster has it too. */
  readonly versionMax: TransactionVersion;
  readonly tenure?: Tenure | undefined;
}

interface Opened {
  readonly coordinator: number;
  readonly identity: Identity;
  readonly last: LastTransaction;
  readonly version: TransactionVersion;
  readonly tenure: Tenure;
  readonly isNew: boolean;
}

/** A transactional identity with an epoch of its own. */
export class KafkaProducer {
  readonly transactionalId: string;
  readonly client: KafkaClient;
  readonly writer = new WireWriter();
  readonly requests: TransactionRequests;
  /** False where the id was held all the time by whoever opened it now: then its rivals have been fenced before. */
  readonly isNew: boolean;
  readonly #now: () => number;
  readonly #last: LastTransaction;
  readonly #coordinator: number;
  readonly #tenure: Tenure;
  readonly #groupCoordinators = new Map<string, number>();
  readonly #sequences = new Map<string, number>();
  #identity: Identity;

  private constructor(options: ProducerOptions, opened: Opened) {
    this.client = options.client;
    this.transactionalId = options.transactionalId;
    this.requests = REQUESTS[opened.version];
    this.#now = options.now;
    this.#coordinator = opened.coordinator;
    this.#identity = opened.identity;
    this.#last = opened.last;
    this.#tenure = opened.tenure;
    this.isNew = opened.isNew;
  }

  static async open(options: ProducerOptions): Promise<KafkaProducer> {
    const { client, transactionalId, timeoutMs, versionMax, tenure = { identity: null } } = options;
    const place = `InitProducerId of ${transactionalId}`;
    const held = tenure.identity;
    let last: LastTransaction | null = null;
    return client.retrying({ place, ...opening }, async () => {
      const coordinator = await findCoordinator(client, transactionalId, 'transaction');
      const version = versionMax === 1 ? 1 : await transactionVersionOf(client, coordinator);
      const known = await lastTransaction(client, coordinator, transactionalId);
      // What a coordinator has forgotten is nobody's: it is opened like an id that one never had.
      const isHeld = held !== null && known.producerId !== -1;
      if (isHeld && !isStillOurs(held, known, version)) throw takenOver(transactionalId);
      // The first answer counts: an attempt that was refused may already have changed it.
      last ??= known;
      tenure.identity = null;
      // Whoever opens it between the question and this request is told from us by the epoch, and not fenced.
      const expected = isHeld ? known : null;
      const identity = await openId({ client, coordinator, transactionalId, timeoutMs, expected }).catch(
        (thrown: unknown) => {
          const error = classify(thrown, place);
          if (!isOutcomeOpen(error)) tenure.identity = held;
          throw isHeld && error.kind === 'fenced' ? takenOver(transactionalId) : error;
        },
      );
      return new KafkaProducer(options, { coordinator, identity, last, version, tenure, isNew: !isHeld });
    });
  }

  /** How the last transaction of the former owner ended. */
  get last(): LastTransaction {
    return this.#last;
  }

  /**
   * Ends what a broker has left undecided in partitions that only this id, and rivals fenced since, have written. From then
   * on the id is known to be ours.
   */
  async settle(owned: readonly TopicPartition[], rivals: readonly LastTransaction[] = []): Promise<void> {
    await this.client.retrying({ place: `owned partitions of ${this.transactionalId}`, ...opening }, () =>
      endHanging(this.client, owned, [this.#last, ...rivals]),
    );
    this.#tenure.identity = this.#identity;
  }

  begin(): OpenTransaction {
    return new OpenTransaction(this);
  }

  /** Tells the coordinator who takes part, where it is not told by what they write. */
  async enlist(places: readonly TopicPartition[], group: string | null): Promise<void> {
    const { enlist } = this.requests;
    if (enlist === null) return;
    const enlisting: Promise<void>[] = [];
    if (places.length > 0) {
      enlisting.push(this.#whenMarked('AddPartitionsToTxn', () => enlist.partitions(this.#asking(), places)));
    }
    if (group !== null) {
      enlisting.push(this.#whenMarked('AddOffsetsToTxn', () => enlist.group(this.#asking(), group)));
    }
    await settled(enlisting);
  }

  async produce(batches: readonly PackedRecords[]): Promise<readonly CommittedAt[]> {
    const leaders = await this.client.byLeader(batches);
    const written = await settled(
      [...leaders].map(([leader, ofLeader]) => this.#produceTo(leader, ofLeader)),
    );
    return written.flat();
  }

  async publish(published: GroupPositions): Promise<void> {
    const { group } = published;
    // A coordinator that is being elected refuses plainly; giving the transaction up for that would only cost an abort.
    const again = ({ code }: LogError): boolean => electing.has(code);
    await retrying({ place: `TxnOffsetCommit of ${this.transactionalId}`, ...elections, again }, async () => {
      const coordinator = await this.#groupCoordinator(group);
      try {
        await this.#whenMarked('TxnOffsetCommit', () =>
          this.requests.publish({ ...this.#asking(), coordinator }, published),
        );
      } catch (error) {
        this.#groupCoordinators.delete(group);
        throw error;
      }
    });
  }

  /** Learns who is to be asked, so that it is known before a transaction begins. */
  async prepare(places: readonly TopicPartition[], group: string | null): Promise<void> {
    await this.client.byLeader(places);
    if (group !== null) await this.#groupCoordinator(group);
  }

  async end(verdict: Verdict): Promise<void> {
    const next = await this.requests.end(this.#asking(), verdict);
    if (next.producerId === this.#identity.producerId && next.producerEpoch === this.#identity.producerEpoch)
      return;
    this.#identity = next;
    this.#tenure.identity = next;
    this.#sequences.clear();
  }

  async #produceTo(leader: number, batches: readonly PackedRecords[]): Promise<readonly CommittedAt[]> {
    const written: CommittedAt[] = [];
    const lane = await this.client.lane(leader, 'requests');
    const { clientId, requestTimeoutMs } = this.client.options;
    const { produceVersion: version } = this.requests;
    for (const round of planRounds(batches)) {
      const frame = encodeProduce(this.writer, round, {
        version,
        clientId,
        transactionalId: this.transactionalId,
        timeoutMs: requestTimeoutMs,
        headerOf: (batch) => this.#headerOf(batch),
      });
      // A refusal because of markers comes before anything of the request was written, so it may be sent once more.
      await this.#whenMarked('Produce', async () => {
        const payload = await lane.send({ frame, apiKey: produceKey, apiName: 'Produce' });
        const { batches: produced, throttleMs } = decodeProduce(payload, version);
        lane.throttle(throttleMs);
        const refused = produced.find(({ errorCode }) => errorCode !== 0);
        if (refused !== undefined)
          throw errorOfCode(refused.errorCode, `Produce to ${refused.topic}/${refused.partition}`);
        for (const { topic, partition, baseOffset: firstOffset, appendedAt } of produced) {
          const sent = round.find((batch) => batch.topic === topic && batch.partition === partition);
          written.push({ topic, partition, firstOffset, count: sent?.count ?? 0, appendedAt });
        }
      });
    }
    return written;
  }

  #headerOf(batch: PackedRecords): BatchHeader {
    const place = `${batch.topic}/${batch.partition}`;
    const baseSequence = this.#sequences.get(place) ?? 0;
    this.#sequences.set(place, (baseSequence + batch.count) % 0x8000_0000);
    return { timestamp: this.#now(), transactional: true, ...this.#identity, baseSequence };
  }

  async #groupCoordinator(group: string): Promise<number> {
    const remembered = this.#groupCoordinators.get(group);
    if (remembered !== undefined) return remembered;
    const place = `FindCoordinator of ${group}`;
    const found = await this.client.retrying({ place, ...opening }, () =>
      findCoordinator(this.client, group, 'group'),
    );
    this.#groupCoordinators.set(group, found);
    return found;
  }

  #asking(): Asking {
    const { client, transactionalId } = this;
    return { client, transactionalId, coordinator: this.#coordinator, ...this.#identity };
  }

  async #whenMarked(place: string, attempt: () => Promise<void>): Promise<void> {
    const again = (error: LogError): boolean => error.code === 'CONCURRENT_TRANSACTIONS';
    const limits = { attemptsMax: concurrentAttemptsMax, pauseMs: concurrentPauseMs };
    await retrying({ place: `${place} of ${this.transactionalId}`, ...limits, again }, attempt);
  }
}

/** One transaction: `write` and `publish` as often as wanted, then `commit` or `abort`, once. */
export class OpenTransaction {
  readonly #producer: KafkaProducer;
  readonly #enlisted = new Set<string>();

  constructor(producer: KafkaProducer) {
    this.#producer = producer;
    producer.writer.reset();
  }

  async write(records: readonly OutgoingRecord[]): Promise<void> {
    await this.deliver({ records, groupPositions: null });
  }

  async publish(group: string, positions: readonly Position[]): Promise<void> {
    await this.deliver({ records: [], groupPositions: { group, positions } });
  }

  /** What takes part is enlisted before anything is sent. */
  async deliver({
    records,
    packed = [],
    groupPositions: published,
  }: TransactionBatch): Promise<readonly CommittedAt[]> {
    const batches = [...packRecords(records, transactionRecordBytesMax), ...packed];
    const group = published?.group ?? null;
    await this.#producer.prepare(batches, group);
    const places = batches.filter((batch) => !this.#enlisted.has(`${batch.topic}/${batch.partition}`));
    await this.#producer.enlist(distinct(places), group);
    for (const { topic, partition } of places) this.#enlisted.add(`${topic}/${partition}`);
    // One after the other: two that enlist themselves at the same time would have to wait for each other at the broker.
    const written = batches.length > 0 ? await this.#producer.produce(batches) : [];
    if (published !== null) await this.#producer.publish(published);
    return written;
  }

  async commit(): Promise<void> {
    await this.#producer.end('commit');
  }

  async abort(): Promise<void> {
    await this.#producer.end('abort');
  }
}

function takenOver(transactionalId: string): LogError {
  return new LogError('fenced', 'TAKEN_OVER', `${transactionalId} was opened by another owner`);
}

/** Waits for all, then raises the first failure: no request is left running behind the caller's back. */
async function settled<T>(running: readonly Promise<T>[]): Promise<readonly T[]> {
  const found: T[] = [];
  for (const outcome of await Promise.allSettled(running)) {
    if (outcome.status === 'rejected') throw outcome.reason;
    found.push(outcome.value);
  }
  return found;
}

export async function findCoordinator(
  client: KafkaClient,
  key: string,
  kind: keyof typeof coordinatorType,
): Promise<number> {
  const broker = await client.anyBroker();
  const found = await broker.findGroupCoordinator({ groupId: key, coordinatorType: coordinatorType[kind] });
  return found.coordinator.nodeId;
}
