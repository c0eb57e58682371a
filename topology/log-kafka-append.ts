/**
 * Job: plain appends with acks=all.
 *
 * Boundary: no transaction and no sequence number; a retry after a lost reply may write a record twice.
 *
 * Invariants:
 *  1. Calls are taken in order; while one round is on its way, later calls gather and go together in the next.
 *  2. A partition has at most one batch on its way, so a retry never overtakes.
 *  3. A call that is wrong in itself (unknown partition, too large) fails alone, before it meets the others.
 */

import { type AppendedAt, LogError, type OutgoingRecord, type PackedRecords } from './log.ts';
import type { KafkaClient } from './log-kafka-client.ts';
import { errorOfCode, isOutcomeOpen, isStaleLeader } from './log-kafka-errors.ts';
import { distinct, planRounds } from './log-kafka-plan.ts';
import {
  decodeProduce,
  encodeProduce,
  type ProducedBatch,
  type ProduceFrame,
  produceKey,
} from './log-kafka-produce.ts';
import { WireWriter } from './log-kafka-wire.ts';
import { packRecords, RecordPacker, recordBytesMax } from './record-pack.ts';

const limits = { place: 'append', attemptsMax: 20, pauseMs: 50 } as const;
/** The oldest that every broker we support takes; what is new since matters to transactions only. */
const produceVersion = 7;
const roundRecordsMax = 50_000;
const plainProducer = { transactional: false, producerId: -1, producerEpoch: -1, baseSequence: -1 } as const;

interface Call {
  readonly records: readonly OutgoingRecord[];
  readonly appended: AppendedAt[];
  unwritten: number;
  readonly resolve: (appended: readonly AppendedAt[]) => void;
  readonly reject: (reason: LogError) => void;
}

/** A run of records of one call within the order of a partition. */
interface Share {
  readonly call: Call;
  left: number;
}

export class KafkaAppender {
  readonly #client: KafkaClient;
  readonly #now: () => number;
  #writer = new WireWriter();
  #waiting: Call[] = [];
  #running = false;

  constructor(client: KafkaClient, now: () => number) {
    this.#client = client;
    this.#now = now;
  }

  async append(records: readonly OutgoingRecord[]): Promise<readonly AppendedAt[]> {
    if (records.length === 0) return [];
    return new Promise((resolve, reject) => {
      this.#waiting.push({ records, appended: [], unwritten: records.length, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) await this.#runRound(await this.#admit(this.#takeRound()));
    this.#running = false;
  }

  #takeRound(): readonly Call[] {
    let records = 0;
    const fits = this.#waiting.findIndex((call) => {
      records += call.records.length;
      return records > roundRecordsMax;
    });
    return this.#waiting.splice(0, fits === -1 ? this.#waiting.length : Math.max(fits, 1));
  }

  /** Rejects the calls that cannot succeed and returns the others. */
  async #admit(calls: readonly Call[]): Promise<readonly Call[]> {
    const admitted: Call[] = [];
    for (const call of calls) {
      try {
        RecordPacker.check(call.records, recordBytesMax);
        const places = distinct(call.records);
        await this.#client.retrying(limits, () => this.#client.byLeader(places));
        admitted.push(call);
      } catch (thrown) {
        call.reject(this.#client.failed(thrown, 'append'));
      }
    }
    return admitted;
  }

  async #runRound(calls: readonly Call[]): Promise<void> {
    const shares = sharesOf(calls);
    const records = calls.flatMap((call) => call.records);
    let failure: LogError | null = null;
    try {
      for (const round of planRounds(packRecords(records, recordBytesMax))) {
        await this.#send(round, (batch, baseOffset) => note(batch, baseOffset, shares));
      }
    } catch (thrown) {
      failure = this.#client.failed(thrown, 'append');
    }
    for (const call of calls) {
      if (failure === null || call.unwritten === 0) call.resolve(call.appended);
      else call.reject(outcomeOf(failure, call));
    }
  }

  /** Sends one batch per partition until all are written; only those that failed are sent again. */
  async #send(
    round: readonly PackedRecords[],
    done: (batch: PackedRecords, baseOffset: number) => void,
  ): Promise<void> {
    let left = round;
    await this.#client.retrying(limits, async () => {
      this.#writer.reset();
      const leaders = await this.#client.byLeader(left);
      const outcomes = await Promise.all(
        [...leaders].map(([leader, batches]) => this.#produce(leader, batches)),
      );
      left = outcomes.flatMap(({ failed }) => failed);
      for (const { written } of outcomes)
        for (const { batch, baseOffset } of written) done(batch, baseOffset);
      const failure = outcomes.find((outcome) => outcome.failure !== null)?.failure;
      if (failure === undefined || failure === null) return;
      this.#writer = new WireWriter();
      throw failure;
    });
  }

  /** Never rejects, so that what one leader wrote is known when another fails. */
  async #produce(leader: number, batches: readonly PackedRecords[]): Promise<Produced> {
    try {
      const lane = await this.#client.lane(leader, 'requests');
      const frame = encodeProduce(this.#writer, batches, this.#frame());
      const payload = await lane.send({ frame, apiKey: produceKey, apiName: 'Produce' });
      const { batches: answers, throttleMs } = decodeProduce(payload, produceVersion);
      lane.throttle(throttleMs);
      return sort(batches, new Map(answers.map((answer) => [`${answer.topic}/${answer.partition}`, answer])));
    } catch (thrown) {
      return { written: [], failed: batches, failure: this.#client.failed(thrown, 'append') };
    }
  }

  #frame(): ProduceFrame {
    const { clientId, requestTimeoutMs } = this.#client.options;
    const header = { ...plainProducer, timestamp: this.#now() };
    return {
      version: produceVersion,
      clientId,
      transactionalId: null,
      timeoutMs: requestTimeoutMs,
      headerOf: () => header,
    };
  }
}

interface Produced {
  readonly written: readonly { readonly batch: PackedRecords; readonly baseOffset: number }[];
  readonly failed: readonly PackedRecords[];
  readonly failure: LogError | null;
}

function sort(batches: readonly PackedRecords[], answers: ReadonlyMap<string, ProducedBatch>): Produced {
  const written: { batch: PackedRecords; baseOffset: number }[] = [];
  const failed: PackedRecords[] = [];
  let failure: LogError | null = null;
  for (const batch of batches) {
    const place = `${batch.topic}/${batch.partition}`;
    const answer = answers.get(place);
    if (answer?.errorCode === 0) written.push({ batch, baseOffset: answer.baseOffset });
    else {
      failed.push(batch);
      failure = refusal(answer, place);
    }
  }
  return { written, failed, failure };
}

/** A leader that moved answers with codes that a transaction may not retry; an append may. */
function refusal(answer: ProducedBatch | undefined, place: string): LogError {
  const code = answer?.errorCode ?? -1;
  if (isStaleLeader(code)) return new LogError('retriable', 'LEADER_MOVED', place);
  return errorOfCode(code, place);
}

/** What was partly written, or whose last attempt lost its reply, may be in the log. */
function outcomeOf(error: LogError, call: Call): LogError {
  if (!isOutcomeOpen(error) && call.unwritten === call.records.length) return error;
  return new LogError('unknown_outcome', error.code, 'append', { cause: error });
}

function sharesOf(calls: readonly Call[]): ReadonlyMap<string, Share[]> {
  const shares = new Map<string, Share[]>();
  for (const call of calls) {
    for (const { topic, partition } of call.records) {
      const place = `${topic}/${partition}`;
      const ofPlace = shares.get(place) ?? [];
      if (ofPlace.length === 0) shares.set(place, ofPlace);
      const last = ofPlace.at(-1);
      if (last?.call === call) last.left += 1;
      else ofPlace.push({ call, left: 1 });
    }
  }
  return shares;
}

/** Tells each call where its records went: batches of a partition are written in order, so shares are used up in order. */
function note(batch: PackedRecords, baseOffset: number, shares: ReadonlyMap<string, Share[]>): void {
  const { topic, partition } = batch;
  const ofPlace = shares.get(`${topic}/${partition}`) ?? [];
  for (let done = 0; done < batch.count; ) {
    const share = ofPlace[0];
    if (share === undefined) return;
    const count = Math.min(share.left, batch.count - done);
    share.call.appended.push({ topic, partition, firstOffset: baseOffset + done, count });
    share.call.unwritten -= count;
    share.left -= count;
    done += count;
    if (share.left === 0) ofPlace.shift();
  }
}
