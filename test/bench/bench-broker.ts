/** An embedded broker alone, in a folder of its own: for benches of the log port and of tasks in this process. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStack } from '../../infra/embedded/stack.ts';
import type { Log } from '../../topology/log.ts';
import { openKafkaLog } from '../../topology/log-kafka.ts';
import { cpuSecondsOf } from './bench-system.ts';

/** Nobody listens there, and nobody is asked: these benches need neither registry nor ClickHouse. */
const NOWHERE = 'http://127.0.0.1:9';

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
