/**
 * Job: topics and group positions on the broker, through kafkajs's administration client.
 *
 * Boundary: deploy steps and tools; nothing on the path of a record.
 *
 * Invariants:
 *  1. Changing a topic's configuration keeps the entries that are not named: the request of the protocol replaces the
 *     whole set, so the set is read first. The call resolves when the change can be seen.
 *  2. A topic is created when the leaders of its partitions answer; metadata names them a moment too early.
 */

import {
  type LogAdmin,
  LogError,
  type Position,
  type TopicDescription,
  type TopicPartition,
  type TopicSpec,
} from './log.ts';
import { createAdmin, type KafkaConnectionOptions } from './log-kafka-client.ts';
import { classify, retrying } from './log-kafka-errors.ts';

type Admin = ReturnType<typeof createAdmin>;

const topicResource = 2;
const topicConfigSource = 1;
const questions = { attemptsMax: 50, pauseMs: 100 } as const;
const becomingVisible = { attemptsMax: 100, pauseMs: 20 } as const;

export class KafkaAdmin implements LogAdmin {
  readonly #admin: Admin;
  readonly #timeoutMs: number;
  #connected: Promise<void> | null = null;

  constructor(options: KafkaConnectionOptions) {
    this.#admin = createAdmin(options);
    this.#timeoutMs = options.requestTimeoutMs;
  }

  async describeTopics(names: readonly string[]): Promise<ReadonlyMap<string, TopicDescription | null>> {
    return this.#asking('describeTopics', async (admin) => {
      const known = new Set(await admin.listTopics());
      const present = names.filter((name) => known.has(name));
      const described = await describe(admin, present);
      return new Map(names.map((name) => [name, described.get(name) ?? null]));
    });
  }

  async createTopics(specs: readonly TopicSpec[]): Promise<void> {
    const topics = specs.map(({ name, partitions, replicationFactor, config }) => ({
      topic: name,
      numPartitions: partitions,
      replicationFactor,
      configEntries: entriesOf(config),
    }));
    await this.#with('createTopics', async (admin) => {
      const existing = new Set(await admin.listTopics());
      const taken = specs.find(({ name }) => existing.has(name));
      if (taken !== undefined) throw new LogError('fatal', 'TOPIC_ALREADY_EXISTS', taken.name);
      await admin.createTopics({ topics, timeout: this.#timeoutMs, waitForLeaders: true });
      for (const { name } of specs) {
        await retrying({ place: name, ...becomingVisible }, () => admin.fetchTopicOffsets(name));
      }
    });
  }

  async alterTopicConfig(name: string, config: Readonly<Record<string, string>>): Promise<void> {
    await this.#with('alterTopicConfig', async (admin) => {
      const before = (await describe(admin, [name])).get(name);
      const configEntries = entriesOf({ ...before?.config, ...config });
      await admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: topicResource, name, configEntries }],
      });
      await retrying({ place: name, ...becomingVisible }, async () => {
        const now = (await describe(admin, [name])).get(name)?.config ?? {};
        const missing = Object.keys(config).find((entry) => now[entry] !== config[entry]);
        if (missing !== undefined)
          throw new LogError('retriable', 'NOT_YET_VISIBLE', `${missing} of ${name}`);
      });
    });
  }

  async deleteTopics(names: readonly string[]): Promise<void> {
    await this.#with('deleteTopics', (admin) =>
      admin.deleteTopics({ topics: [...names], timeout: this.#timeoutMs }),
    );
  }

  async listTopics(): Promise<readonly string[]> {
    const topics = await this.#asking('listTopics', (admin) => admin.listTopics());
    return topics.filter((topic) => !topic.startsWith('__')).sort();
  }

  async groupPositions(group: string, partitions: readonly TopicPartition[]): Promise<readonly Position[]> {
    const topics = [...new Set(partitions.map(({ topic }) => topic))];
    const found = await this.#asking('groupPositions', (admin) =>
      admin.fetchOffsets({ groupId: group, topics }),
    );
    const offsets = new Map(
      found.flatMap(({ topic, partitions: ofTopic }) =>
        ofTopic.map(({ partition, offset }) => [`${topic}/${partition}`, Number(offset)]),
      ),
    );
    return partitions.map(({ topic, partition }) => ({
      topic,
      partition,
      offset: offsets.get(`${topic}/${partition}`) ?? -1,
    }));
  }

  async close(): Promise<void> {
    if (this.#connected !== null) await this.#admin.disconnect();
    this.#connected = null;
  }

  /** A question may be asked again: a coordinator that is just being elected does not answer the first time. */
  async #asking<T>(place: string, use: (admin: Admin) => Promise<T>): Promise<T> {
    return retrying({ place, ...questions }, () => this.#with(place, use));
  }

  async #with<T>(place: string, use: (admin: Admin) => Promise<T>): Promise<T> {
    try {
      this.#connected ??= this.#admin.connect();
      await this.#connected;
      return await use(this.#admin);
    } catch (thrown) {
      const error = classify(thrown, place);
      if (error.kind === 'retriable') this.#connected = null;
      throw error;
    }
  }
}

async function describe(
  admin: Admin,
  names: readonly string[],
): Promise<ReadonlyMap<string, TopicDescription>> {
  if (names.length === 0) return new Map();
  const [{ topics }, { resources }] = await Promise.all([
    admin.fetchTopicMetadata({ topics: [...names] }),
    admin.describeConfigs({
      includeSynonyms: false,
      resources: names.map((name) => ({ type: topicResource, name })),
    }),
  ]);
  const configOf = new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      Object.fromEntries(
        configEntries
          .filter(({ configSource }) => Number(configSource) === topicConfigSource)
          .map(({ configName, configValue }) => [configName, configValue]),
      ),
    ]),
  );
  return new Map(
    topics.map(({ name, partitions }) => [
      name,
      { name, partitions: partitions.length, config: configOf.get(name) ?? {} },
    ]),
  );
}

function entriesOf(config: Readonly<Record<string, string>>): { name: string; value: string }[] {
  return Object.entries(config).map(([name, value]) => ({ name, value }));
}
