/** The contract of the log port against the real broker of the suite. */

import { ConfigResourceTypes } from 'kafkajs';
import { inject } from 'vitest';
import { LogError, type Tenure } from '../../topology/log.ts';
import { type KafkaLog, openKafkaLog } from '../../topology/log-kafka.ts';
import { createAdmin } from '../../topology/log-kafka-client.ts';
import { KafkaTransactor } from '../../topology/log-kafka-transactor.ts';
import { logContract } from '../contract/log.contract.ts';
import { drain, fresh, freshTopic, type LogHarness } from '../contract/log.harness.ts';
import { textRecord } from '../contract/log.records.ts';

const compactionTurnsMax = 120;
const compactionPauseMs = 500;
const settingTurnsMax = 200;

async function makeLog(servers: readonly string[], transactionVersionMax: 1 | 2): Promise<LogHarness> {
  const connection = { brokers: servers, clientId: 'log-contract', requestTimeoutMs: 15_000 };
  const log = openKafkaLog({ ...connection, transactionVersionMax });
  const forgetful = openKafkaLog({ ...connection, transactionVersionMax: 1 });
  const admin = createAdmin(connection);
  await admin.connect();
  const closers: (() => Promise<void>)[] = [];
  const producerOf = async (id: string, owner = log, tenure?: Tenure) => {
    const producer = await owner.producer(id, { timeoutMs: 20_000, tenure });
    closers.push(() => producer.client.close());
    return producer;
  };
  return {
    log,
    openTransaction: async (id) => (await producerOf(id)).begin(),
    deafTransactor: async (id, tenure) => {
      const producer = await producerOf(id, log, tenure);
      await producer.settle([]);
      const end = producer.end.bind(producer);
      producer.end = async (verdict) => {
        const answer = end(verdict);
        setImmediate(() => void producer.client.drop());
        await answer;
      };
      return new KafkaTransactor(producer);
    },
    loseMarkers: async (id, verdict, { kept, lost }) => {
      // A broker that does not verify takes records for partitions its coordinator does not know to take part; with
      // version 2 there are no such records.
      await verifyTransactions(admin, false);
      await untilUnverified(forgetful, closers);
      const producer = await producerOf(id, forgetful);
      const transaction = producer.begin();
      await transaction.write(kept);
      producer.enlist = async () => undefined;
      await transaction.write(lost);
      await transaction[verdict]();
      await verifyTransactions(admin, true);
    },
    compact: async (topic, partition) => {
      const before = (await drain(log, { topic, partition, offset: 0 })).records.length;
      for (let turn = 0; turn < compactionTurnsMax; turn += 1) {
        await log.append([textRecord(topic, partition, ['roll', String(turn)])]);
        await new Promise((resolve) => setTimeout(resolve, compactionPauseMs));
        const { records } = await drain(log, { topic, partition, offset: 0 });
        if (records.filter(({ key }) => String(key) !== 'roll').length < before) return;
      }
      throw new Error('the cleaner did not run');
    },
    truncate: async (topic, partition, start) => {
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(start) }] });
    },
    close: async () => {
      await Promise.all(closers.map((close) => close()));
      await admin.disconnect();
      await Promise.all([log.close(), forgetful.close()]);
    },
  };
}

async function verifyTransactions(admin: ReturnType<typeof createAdmin>, isOn: boolean): Promise<void> {
  const configEntries = [{ name: 'transaction.partition.verification.enable', value: String(isOn) }];
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: ConfigResourceTypes.BROKER, name: '1', configEntries }],
  });
}

/** A broker answers before it works with its new setting; it does when it takes a record whose partition was never enlisted. */
async function untilUnverified(log: KafkaLog, closers: (() => Promise<void>)[]): Promise<void> {
  const topic = await freshTopic(log, 1);
  for (let turn = 0; turn < settingTurnsMax; turn += 1) {
    const producer = await log.producer(fresh('unverified'), { timeoutMs: 20_000 });
    closers.push(() => producer.client.close());
    producer.enlist = async () => undefined;
    try {
      await producer.begin().write([textRecord(topic, 0, ['k', 'probe'])]);
      return;
    } catch (error) {
      if (!(error instanceof LogError && error.code === 'INVALID_TXN_STATE')) throw error;
    }
  }
  throw new Error('the broker goes on verifying transactions');
}

for (const version of [1, 2] as const) {
  logContract(
    `the Kafka log with transactions of version ${version}`,
    () => makeLog(inject('kafkaBrokers').split(','), version),
    { caseTimeoutMs: 90_000 },
  );
}
