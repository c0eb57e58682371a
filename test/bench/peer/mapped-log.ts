/**
 * Our topic, group and transaction names as the driver wants them, on any log.
 *
 * Boundary: names only; bytes and records pass as they are. What is not named passes unchanged.
 */
import type {
  FetchedSlice,
  Log,
  LogReader,
  Membership,
  OffsetBounds,
  OutgoingRecord,
  Position,
  ReaderOptions,
  TopicPartition,
  TransactionBatch,
  Transactor,
  TransactorOptions,
} from '../../../topology/log.ts';

export interface Names {
  /** By our name the name on the broker. */
  readonly topics: Readonly<Record<string, string>>;
  readonly group: string;
}

export class MappedLog implements Log {
  readonly #log: Log;
  readonly #group: string;
  readonly #theirs: ReadonlyMap<string, string>;
  readonly #ours: ReadonlyMap<string, string>;

  constructor(log: Log, { topics, group }: Names) {
    this.#log = log;
    this.#group = group;
    this.#theirs = new Map(Object.entries(topics));
    this.#ours = new Map(Object.entries(topics).map(([ours, theirs]) => [theirs, ours]));
  }

  get admin(): Log['admin'] {
    return this.#log.admin;
  }

  clusterId(): Promise<string> {
    return this.#log.clusterId();
  }

  partitionCount(topic: string): Promise<number> {
    return this.#log.partitionCount(this.#theirs.get(topic) ?? topic);
  }

  async topicIds(topics: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const ids = await this.#log.topicIds(topics.map((topic) => this.#theirs.get(topic) ?? topic));
    return new Map([...ids].map(([topic, id]) => [this.#ours.get(topic) ?? topic, id]));
  }

  async bounds(partitions: readonly TopicPartition[]): Promise<readonly OffsetBounds[]> {
    return (await this.#log.bounds(this.#out(partitions))).map((bounds) => this.#in(bounds));
  }

  async reader(options: ReaderOptions): Promise<LogReader> {
    const reader = await this.#log.reader({ ...options, positions: this.#out(options.positions) });
    return {
      fetch: async (): Promise<readonly FetchedSlice[]> =>
        (await reader.fetch()).map((slice) => this.#in(slice)),
      seek: (position: Position) => reader.seek(this.#outOne(position)),
      pause: (partitions) => reader.pause(this.#out(partitions)),
      resume: (partitions) => reader.resume(this.#out(partitions)),
      close: () => reader.close(),
    };
  }

  async transactor(transactionalId: string, options: TransactorOptions): Promise<Transactor> {
    const owned = this.#out(options.owned ?? []);
    const rivals = (options.rivals ?? []).map((rival) => this.#idOf(rival));
    const transactor = await this.#log.transactor(this.#idOf(transactionalId), { ...options, rivals, owned });
    return {
      transactionalId,
      commit: ({ records, packed = [], groupPositions }: TransactionBatch) =>
        transactor.commit({
          records: this.#records(records),
          packed: packed.map(({ topic, partition, count, bytes }) => {
            return { topic: this.#theirs.get(topic) ?? topic, partition, count, bytes };
          }),
          groupPositions:
            groupPositions === null
              ? null
              : { group: this.#group, positions: this.#out(groupPositions.positions) },
        }),
      close: () => transactor.close(),
    };
  }

  async append(records: readonly OutgoingRecord[]): ReturnType<Log['append']> {
    return (await this.#log.append(this.#records(records))).map((appended) => this.#in(appended));
  }

  join(_: string, partitions: number): Promise<Membership> {
    return this.#log.join(this.#group, partitions);
  }

  close(): Promise<void> {
    return this.#log.close();
  }

  #idOf(transactionalId: string): string {
    return `${this.#group}-${transactionalId}`;
  }

  #records(records: readonly OutgoingRecord[]): readonly OutgoingRecord[] {
    return records.map((record) => this.#outOne(record));
  }

  #out<T extends TopicPartition>(places: readonly T[]): readonly T[] {
    return places.map((place) => this.#outOne(place));
  }

  #outOne<T extends TopicPartition>(place: T): T {
    return { ...place, topic: this.#theirs.get(place.topic) ?? place.topic };
  }

  #in<T extends TopicPartition>(place: T): T {
    return { ...place, topic: this.#ours.get(place.topic) ?? place.topic };
  }
}
