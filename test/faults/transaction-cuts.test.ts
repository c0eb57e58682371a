/**
 * A service that loses its connection, or its life, between every two requests of a transaction, with both outcomes of
 * each: the broker did not get the request, or it carried it out and nobody learned of it.
 *
 * A frozen owner that is replaced and woken is in test/integration/process-faults.test.ts.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { drained, expectExactlyOnce } from '../support/exactly-once.ts';
import { Feed, type OwnBroker, startOwnBroker } from '../support/own-broker.ts';
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts';
import { Cuts } from './cuts.ts';
import { endErrorOf, TRANSACTION_APIS } from './kafka-frames.ts';
import { KafkaProxy } from './kafka-proxy.ts';

const CLIENT = 'ledger-rating';
const USES = 150;
const LATE_COMMITS = 10;
/**
 * What a broker answers to somebody whose epoch is over; 48 or 51 while it is still ending his transaction or the one of
 * his successor.
 */
const REFUSED: readonly (number | null)[] = [47, 48, 51, 90];
const VERSIONS = [2, 1] as const;

type Version = (typeof VERSIONS)[number];

function pointsOf(version: Version) {
  return TRANSACTION_APIS[version].flatMap((api) => [
    { api, at: 'request' } as const,
    { api, at: 'reply' } as const,
  ]);
}

const cuts = new Cuts();
let broker: OwnBroker;
let feed: Feed;
let proxy: KafkaProxy;
let running: ServiceProcess[] = [];

beforeAll(async () => {
  broker = await startOwnBroker();
  feed = await Feed.open(broker);
  proxy = await KafkaProxy.open(broker.stack.kafkaBrokers, cuts.judge);
});

afterAll(async () => {
  await feed?.close();
  await proxy?.close();
  await broker?.stop();
});

afterEach(async () => {
  cuts.disarm();
  for (const process of running) process.signal('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  running = [];
});

function startRating(version: Version): ServiceProcess {
  const started = startServiceProcess('rating', {
    ...broker.env,
    KAFKA_BROKERS: proxy.address,
    LEDGER_TRANSACTION_VERSION: String(version),
  });
  running.push(started);
  return started;
}

test.each(VERSIONS)(
  'connections cut between the requests of a transaction of version %i lose and double nothing',
  async (version) => {
    const process = startRating(version);
    await process.ready();
    for (const { api, at } of pointsOf(version)) {
      // An identity is asked for only by somebody who lost one.
      if (api === 'InitProducerId') void cuts.arm({ api: 'EndTxn', at: 'request', clientId: CLIENT });
      const struck = cuts.arm({ api, at, clientId: CLIENT });
      await feed.send(USES);
      await struck;
      await drained(broker);
    }
    await expectExactlyOnce(broker, feed);
    process.signal('SIGTERM');
    expect(await process.ended).toBe(0);
  },
);

test.each(VERSIONS)(
  'a process killed between the requests of a transaction of version %i loses and doubles nothing',
  async (version) => {
    for (const { api, at } of pointsOf(version)) {
      const process = startRating(version);
      if (api !== 'InitProducerId') await process.ready();
      const kill = async (): Promise<void> => {
        process.signal('SIGKILL');
        await process.ended;
      };
      const struck = cuts.arm({ api, at, clientId: CLIENT }, { meanwhile: kill });
      await feed.send(USES);
      await struck;
      expect(await process.ended).toBe('SIGKILL');
    }
    startRating(version);
    await drained(broker);
    await expectExactlyOnce(broker, feed);
  },
);

test.each(VERSIONS)(
  `a commit of version %i that arrives late ends no later transaction, ${LATE_COMMITS} times`,
  async (version) => {
    const process = startRating(version);
    await process.ready();
    const forward = { kind: 'forward' } as const;
    for (let round = 0; round < LATE_COMMITS; round += 1) {
      const keeping = cuts.keep({ api: 'EndTxn', clientId: CLIENT });
      const replaced = cuts.arm(
        { api: 'InitProducerId', at: 'reply', clientId: CLIENT },
        { verdict: forward },
      );
      const sending = feed.send(USES);
      const late = await keeping;
      await replaced;
      let code: number | null = null;
      const deliver = async (): Promise<void> => {
        const answer = await late.deliver();
        code = answer === null ? null : endErrorOf(answer, late.asked);
      };
      // The records of the next transaction are with the broker, their commit is not.
      const isOpen = cuts.arm(
        { api: 'Produce', at: 'reply', clientId: CLIENT },
        { verdict: forward, meanwhile: deliver },
      );
      await feed.send(USES);
      await isOpen;
      await sending;
      expect(REFUSED).toContain(code);
      await drained(broker);
    }
    await expectExactlyOnce(broker, feed);
  },
);
