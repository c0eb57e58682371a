/**
 * A former owner that comes back just while somebody else takes its id, or fences it: between its question whether the id is
 * still its own and its request to open it, the successor has come and is done.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type KafkaLog, openKafkaLog } from '../../topology/log-kafka.ts';
import { fresh, freshTopic } from '../contract/log.harness.ts';
import { textRecord } from '../contract/log.records.ts';
import { Cuts } from './cuts.ts';
import { KafkaProxy } from './kafka-proxy.ts';

const CLIENT = 'former-owner';
const TIMEOUT_MS = 20_000;
const FORWARD = { kind: 'forward' } as const;

const cuts = new Cuts();
let broker: string;
let proxy: KafkaProxy;

beforeAll(async () => {
  broker = inject('kafkaBrokers').split(',')[0] ?? '';
  proxy = await KafkaProxy.open(broker, cuts.judge);
});

afterAll(async () => {
  await proxy?.close();
});

describe.each([1, 2] as const)('with transactions of version %i', (transactionVersionMax) => {
  /** The former owner goes through the proxy, its successor does not. */
  async function withLogs(work: (former: KafkaLog, successor: KafkaLog) => Promise<void>): Promise<void> {
    const formerLog = openKafkaLog({ brokers: [proxy.address], clientId: CLIENT, transactionVersionMax });
    const log = openKafkaLog({ brokers: [broker], clientId: 'successor', transactionVersionMax });
    try {
      await work(formerLog, log);
    } finally {
      cuts.disarm();
      await Promise.all([formerLog.close(), log.close()]);
    }
  }

  const successions = [
    ['takes the same id', (id: string) => ({ id, rivals: [] })],
    ['fences it as a rival', (id: string) => ({ id: fresh('other'), rivals: [id] })],
  ] as const;

  test.each(successions)('one that comes back while its successor %s stands back', async (_, next) => {
    await withLogs(async (formerLog, log) => {
      const topic = await freshTopic(log, 1);
      const [id, tenure] = [fresh('former'), { identity: null }];
      const batch = (value: string) => ({
        records: [textRecord(topic, 0, ['k', value])],
        groupPositions: null,
      });
      const first = await formerLog.transactor(id, { timeoutMs: TIMEOUT_MS, tenure });
      await first.commit(batch('before'));
      await first.close();
      const { id: nextId, rivals } = next(id);
      const successor = Promise.withResolvers<Awaited<ReturnType<KafkaLog['transactor']>>>();
      const takeOver = async (): Promise<void> =>
        successor.resolve(await log.transactor(nextId, { timeoutMs: TIMEOUT_MS, rivals }));
      void cuts.arm(
        { api: 'InitProducerId', at: 'request', clientId: CLIENT },
        { verdict: FORWARD, meanwhile: takeOver },
      );
      const comingBack = formerLog.transactor(id, { timeoutMs: TIMEOUT_MS, tenure });
      await expect(comingBack).rejects.toMatchObject({ kind: 'fenced', code: 'TAKEN_OVER' });
      const owner = await successor.promise;
      await owner.commit(batch('after'));
      await owner.close();
    });
  });
});
