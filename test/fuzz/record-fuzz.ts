/**
 * Job: send hostile records of one topic through every service that reads it, and report what became of them.
 *
 * Boundary: seeded; the same seed and count give the same records. A record that breaks a promise becomes a finding and
 * the tasks start afresh; the run goes on, so that one fault does not hide the next.
 *
 * Invariants that it checks besides those of the desk:
 *  1. After each block of hostile records an honest one is accepted.
 *  2. No record takes more than `RECORD_MS_MAX` of processor time. A slow one is tried again on fresh tasks, since the
 *     collector may have run in between.
 */
import { Random } from '../../infra/main-job/random.ts';
import { encodeFramed } from '../../schemas/codec.ts';
import type { RecordName } from '../../schemas/generated/record-types.ts';
import { recordFromJson } from '../../schemas/json-form.ts';
import { schemaOfRecord } from '../../schemas/record-type.ts';
import { samplesOf } from '../../schemas/samples/sample-files.ts';
import { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import type { PublishedTopic } from '../../topology/publication.ts';
import { TOPICS } from '../../topology/topics.ts';
import { placesOf } from './avro-places.ts';
import { type Honest, type Hostile, mutate, type Surroundings } from './byte-mutations.ts';
import { Breach, Desk } from './desk.ts';
import { foreignWriters } from './foreign-writers.ts';
import { type Report, Tally } from './report.ts';
import { honest, witness, world } from './world.ts';

const FRAME_BYTES = 5;
const BLOCK_RECORDS = 100;
/** State that grows with accepted records is no leak, but must not be mistaken for one either. */
const EPOCH_RECORDS = 2_000;
/** At the end of an epoch, so that the tasks hold as much as they do at the end of a long run. */
const WARM_RECORDS = 10 * EPOCH_RECORDS;
const RECORD_MS_MAX = 50;
const SLOW_TRIES_MAX = 3;
/** Records of other topics whose bytes end up where they do not belong. */
const OTHERS: readonly RecordName[] = [
  'UsageEvent',
  'ClockTick',
  'Charge',
  'DeadLetter',
  'Checkpoint',
  'PriceBook',
];

export async function fuzzRecords(
  topic: PublishedTopic,
  { seed, count }: { readonly seed: number; readonly count: number },
): Promise<Report> {
  const run = await Run.open(topic, seed);
  const tally = new Tally(TOPICS[topic].record);
  for (let n = 0; n < count; n += 1) {
    if (n === Math.min(WARM_RECORDS, Math.floor(count / 2))) tally.warm();
    if (n > 0 && n % EPOCH_RECORDS === 0) run.startAfresh();
    try {
      run.hostile(n, tally);
      if (n % BLOCK_RECORDS === BLOCK_RECORDS - 1) run.witness(n, tally);
    } catch (error) {
      tally.found(n, error, { mutation: run.sent?.mutation ?? '', bytes: run.sent?.value ?? null });
      run.startAfresh();
    }
  }
  return tally.report(seed, count);
}

class Run {
  /** What was sent last; null while it is being made. */
  sent: Hostile | null = null;
  readonly #topic: PublishedTopic;
  readonly #directory: MemorySchemaDirectory;
  readonly #around: Surroundings;
  readonly #samples: readonly Honest[];
  #desk: Desk;

  private constructor(topic: PublishedTopic, directory: MemorySchemaDirectory, around: Surroundings) {
    this.#topic = topic;
    this.#directory = directory;
    this.#around = around;
    this.#desk = this.#freshDesk();
    const name = TOPICS[topic].record;
    this.#samples = samplesOf(name).map(({ json }) => {
      const value = framedSample(directory, name, json);
      return this.#described(recordFromJson(name, json), { key: Buffer.from('acct-helvetia'), value });
    });
  }

  static async open(topic: PublishedTopic, seed: number): Promise<Run> {
    const directory = new MemorySchemaDirectory();
    // Asked for an id before it is asked for a record, the directory knows the schemas of all records.
    directory.writerSchema(0);
    const { foreign, strangeIds } = await foreignWriters(directory, TOPICS[topic].record);
    const others = OTHERS.map((name) => framedSample(directory, name, samplesOf(name).at(-1)?.json));
    return new Run(topic, directory, { random: new Random(seed), others, foreign, strangeIds });
  }

  startAfresh(): void {
    this.#desk = this.#freshDesk();
  }

  hostile(n: number, tally: Tally): void {
    this.sent = null;
    this.sent = mutate(this.#honest(n), this.#around);
    const outcomes = this.#desk.take(this.#topic, this.sent);
    const worst = Math.max(...outcomes.map(({ ms }) => ms));
    const ms = worst > RECORD_MS_MAX ? this.#triedAgain(this.sent, worst) : worst;
    for (const { service, verdict } of outcomes) tally.count(`${service}: ${verdict}`, ms);
    if (ms > RECORD_MS_MAX) throw new Breach(`a record took more than ${RECORD_MS_MAX} ms`);
  }

  witness(n: number, tally: Tally): void {
    tally.witnesses += 1;
    const taken = witness(this.#topic, n).map((publication) => {
      const framed = this.#desk.framed(publication);
      this.sent = { mutation: 'witness', ...framed };
      return this.#desk.take(publication.topic, framed);
    });
    const refused = taken.at(-1)?.find(({ verdict }) => verdict !== 'input');
    if (refused !== undefined) throw new Breach(`${refused.service}: an honest record is ${refused.verdict}`);
  }

  #freshDesk(): Desk {
    return new Desk(this.#directory, this.#topic, world(this.#topic));
  }

  #honest(n: number): Honest {
    const { random } = this.#around;
    if (this.#samples.length > 0 && random.chance(100)) return random.pick(this.#samples);
    const publication = honest(this.#topic, n);
    return this.#described(publication.value, this.#desk.framed(publication));
  }

  #described(object: unknown, { key, value }: Pick<Honest, 'key' | 'value'>): Honest {
    const schema = schemaOfRecord(TOPICS[this.#topic].record);
    return { schema, object, key, value, places: placesOf(schema, value, FRAME_BYTES) };
  }

  #triedAgain(sent: Hostile, first: number): number {
    let best = first;
    for (let tries = 1; tries < SLOW_TRIES_MAX && best > RECORD_MS_MAX; tries += 1) {
      const outcomes = this.#freshDesk().take(this.#topic, sent);
      best = Math.min(best, Math.max(...outcomes.map(({ ms }) => ms)));
    }
    return best;
  }
}

function framedSample(directory: MemorySchemaDirectory, name: RecordName, json: unknown): Buffer {
  return encodeFramed(name, recordFromJson(name, json), directory.idOf(name));
}
