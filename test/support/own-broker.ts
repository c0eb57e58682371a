/**
 * A broker of a suite's own, with topics and schemas applied, and a feed of uses whose fates are known.
 *
 * Registry and ClickHouse are those of the whole `real` run: schemas are the same for everybody, topics are not. A suite
 * that breaks ClickHouse as well asks for one of its own.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { apply } from '../../infra/apply/apply.ts';
import { type Stack, startStack } from '../../infra/embedded/stack.ts';
import { firstTick } from '../../infra/main-job/clock.ts';
import { anchorAt } from '../../infra/main-job/job-file.ts';
import { disturbed, generatedUses, type UsageItem } from '../../infra/main-job/usage.ts';
import { customers, type JobPlan, priceBooks } from '../../infra/main-job/world.ts';
import { PROCESSORS } from '../../infra/processors.ts';
import { Counts } from '../../infra/proof/sums.ts';
import type { SchemaDirectory } from '../../schemas/schema-directory.ts';
import { connectSchemaDirectory } from '../../schemas/schema-directory-registry.ts';
import { type KafkaLog, openKafkaLog } from '../../topology/log-kafka.ts';
import { Publisher } from '../../topology/publisher.ts';
import { subjectsOf } from '../../topology/subjects.ts';

export const PARTITIONS = 2;

export interface OwnBroker {
  readonly stack: Stack;
  readonly stateDir: string;
  readonly log: KafkaLog;
  readonly directory: SchemaDirectory;
  /** What a service process needs to know. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export async function startOwnBroker(options: { readonly clickhouse?: boolean } = {}): Promise<OwnBroker> {
  const stateDir = await mkdtemp(join(tmpdir(), 'own-broker-'));
  const schemaRegistryUrl = inject('schemaRegistryUrl');
  const clickhouseUrl = options.clickhouse === true ? undefined : inject('clickhouseUrl');
  const env = { schemaRegistryUrl, clickhouseUrl };
  const stack = await startStack({ stateDir, env });
  const log = openKafkaLog({ brokers: [stack.kafkaBrokers], clientId: 'test' });
  const subjects = subjectsOf(PROCESSORS);
  const topics = { partitions: PARTITIONS, replicationFactor: 1 };
  await apply({ admin: log.admin, registryUrl: schemaRegistryUrl, topics, subjects });
  const ofEachRecord = new Map(subjects.map((subject) => [subject.recordName, subject]));
  return {
    stack,
    stateDir,
    log,
    directory: await connectSchemaDirectory(schemaRegistryUrl, [...ofEachRecord.values()]),
    env: { KAFKA_BROKERS: stack.kafkaBrokers, SCHEMA_REGISTRY_URL: schemaRegistryUrl },
    async stop() {
      await log.close();
      await stack.stop();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

/** The uses of the main job, sent in portions; remembers how many of each fate were acknowledged. */
export class Feed {
  readonly sent = new Counts();
  readonly #publisher: Publisher;
  readonly #items: Iterator<UsageItem>;

  private constructor(publisher: Publisher, plan: JobPlan) {
    this.#publisher = publisher;
    this.#items = disturbed(plan, generatedUses(plan, customers(plan)));
  }

  static async open({ log, directory }: OwnBroker): Promise<Feed> {
    const plan = { seed: 8, accounts: 30, usageEvents: 200_000, anchor: anchorAt(Date.now()) };
    const publisher = await Publisher.open({
      log,
      directory,
      source: '/test',
      transactionalId: 'test-reference-data',
      transactor: 'per_call',
    });
    const people = customers(plan);
    await publisher.publishCopies(priceBooks(plan, 1).map((value) => ({ topic: 'price-books', value })));
    await publisher.publish(people.map(({ account: value }) => ({ topic: 'accounts', value })));
    await publisher.publish(people.map(({ contract: value }) => ({ topic: 'contracts', value })));
    const time = firstTick(plan.anchor);
    await publisher.publishCopies([{ topic: 'clock-ticks', value: { sequence: 1, time } }]);
    return new Feed(publisher, plan);
  }

  /** Sends the next uses, repeats and refusable ones among them; resolves when all are acknowledged. */
  async send(count: number): Promise<void> {
    const items: UsageItem[] = [];
    while (items.length < count) {
      const { done, value } = this.#items.next();
      if (done === true) throw new Error('the feed is used up');
      items.push(value);
    }
    await this.#publisher.publish(items.map(({ event: value }) => ({ topic: 'usage-events', value })));
    for (const { fate } of items) this.sent.add(fate);
  }

  async close(): Promise<void> {
    await this.#publisher.close();
  }
}
