/** An embedded broker alone, in a folder of its own: for benches of the log port and of tasks in this process. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startStack } from '../../infra/embedded/stack.ts';
import { type Log, LogError, type TopicSpec } from '../../topology/log.ts';
import { openKafkaLog } from '../../topology/log-kafka.ts';
import { cpuSecondsOf } from './bench-system.ts';

/** Nobody listens there, and nobody is asked: these benches need neither registry nor ClickHouse. */
const NOWHERE = 'http://127.0.0.1:9';

const LEADERS_MS = 60_000;

export interface BenchBroker {
  readonly log: Log;
  /** Of the broker's process, so far. */
  readonly brokerCpuS: () => number;
  stop(): Promise<void>;
}

export async function startBenchBroker(tell: (line: string) => void): Promise<BenchBroker> {
  const stateDir = await mkdtemp(join(tmpdir(), 'outcome-ledger-bench-'));
  const stack = await startStack({
    stateDir,
    env: { schemaRegistryUrl: NOWHERE, clickhouseUrl: NOWHERE },
    onProgress: tell,
    longLived: true,
  });
  const log = openKafkaLog({ brokers: [stack.kafkaBrokers], clientId: 'bench', requestTimeoutMs: 30_000 });
  return {
    log,
    brokerCpuS: () => {
      const { pid } = stack.parts.kafka;
      return pid === null ? Number.NaN : cpuSecondsOf(pid);
    },
    async stop() {
      await log.close();
      await stack.stop();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

/** Many partitions at once have their leaders later than the log waits for them. */
export async function createTopics(log: Log, specs: readonly TopicSpec[]): Promise<void> {
  const deadline = performance.now() + LEADERS_MS;
  const places = specs.flatMap(({ name: topic, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition })),
  );
  let error = await attempt(() => log.admin.createTopics(specs));
  while (error !== null) {
    if (!(error instanceof LogError) || error.kind !== 'retriable' || performance.now() > deadline)
      throw error;
    await pause(250);
    error = await attempt(() => log.bounds(places));
  }
}

async function attempt(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
    return null;
  } catch (error) {
    return error;
  }
}
