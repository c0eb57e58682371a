/**
 * The embedded broker: one KRaft node of Apache Kafka on loopback, for development, tests and demonstrations.
 *
 * 1. It is a real broker, with transactions; only the replication factor of one differs from production.
 * 2. Its log folder is formatted once and kept; a broker that was killed recovers it when it starts again.
 * 3. Healthy means that it answers an ApiVersions request, not that its port is open.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { answersApiVersions } from './kafka-health.ts';
import { LOOPBACK } from './ports.ts';
import { type SupervisedProcess, startProcess } from './process.ts';

export interface KafkaOptions {
  readonly java: string;
  readonly jarsDir: string;
  /** Holds the broker's properties and its logs. */
  readonly dataDir: string;
  readonly logFile: string;
  readonly port: number;
  readonly controllerPort: number;
  /** Compiles all that is hot as well as it can, which takes most of a core for the first minute, and has a roomy heap. */
  readonly longLived: boolean;
}

const heap = '768m';
/** Compiles fast code fast: for a Java that is gone in a minute. Its code takes twice the time of the other's. */
const QUICK_COMPILER = '-XX:TieredStopAtLevel=1';
/**
 * A Java that stays has its whole heap at once, and half of it as a nursery: left to itself it collected more than
 * twice as often, 10 to 80 ms each on two busy cores, and requests of over half a MiB, half a region, made it mark all of its
 * heap. What survives two collections as a rule survives the next thirteen, and was copied each time.
 */
const ROOMY_HEAP = [
  `-Xms${heap}`,
  '-XX:G1HeapRegionSize=4m',
  '-XX:+UnlockExperimentalVMOptions',
  '-XX:G1NewSizePercent=50',
  '-XX:MaxTenuringThreshold=2',
];
const stopTimeoutMs = 30_000;
const cleanerBufferBytes = 8 * 1024 * 1024;
const internalPartitions = 4;
/** After a kill the controller takes the broker back only when its former session has run out; the default is 9 s. */
const sessionTimeoutMs = 5_000;
const heartbeatIntervalMs = 500;
/** A step that begins while the markers of the one before are written is let in this much later; the default is 20 ms. */
const markersPauseMs = 5;

export async function startKafka(options: KafkaOptions): Promise<SupervisedProcess> {
  mkdirSync(options.dataDir, { recursive: true });
  const propertiesFile = join(options.dataDir, 'server.properties');
  writeFileSync(propertiesFile, brokerProperties(options));
  await formatOnce(options, propertiesFile);
  return startProcess({
    name: 'Kafka',
    command: options.java,
    args: [...jvmFlags(options), 'kafka.Kafka', propertiesFile],
    cwd: options.dataDir,
    logFile: options.logFile,
    healthy: () => answersApiVersions(options.port),
    stopTimeoutMs,
  });
}

/** The broker's settings as text, written anew at every start because the ports may have changed. */
export function brokerProperties(options: KafkaOptions): string {
  const settings: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${LOOPBACK}:${options.controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `BROKER://${LOOPBACK}:${options.port},CONTROLLER://${LOOPBACK}:${options.controllerPort}`,
    'advertised.listeners': `BROKER://${LOOPBACK}:${options.port}`,
    'listener.security.protocol.map': 'BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'BROKER',
    'log.dirs': join(options.dataDir, 'logs'),
    'num.partitions': 1,
    'auto.create.topics.enable': false,
    'default.replication.factor': 1,
    'min.insync.replicas': 1,
    'offsets.topic.num.partitions': internalPartitions,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': internalPartitions,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'add.partitions.to.txn.retry.backoff.ms': markersPauseMs,
    'broker.session.timeout.ms': sessionTimeoutMs,
    'broker.heartbeat.interval.ms': heartbeatIntervalMs,
    'group.initial.rebalance.delay.ms': 0,
    'log.cleaner.dedupe.buffer.size': cleanerBufferBytes,
    'log.cleaner.threads': 1,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'num.recovery.threads.per.data.dir': 2,
    'group.coordinator.threads': 2,
  };
  return `${Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
}

/** A folder that was formatted has this file; formatting costs a start of Java, so it is not asked again. */
async function formatOnce(options: KafkaOptions, propertiesFile: string): Promise<void> {
  if (existsSync(join(options.dataDir, 'logs', 'meta.properties'))) return;
  const clusterId = randomBytes(16).toString('base64url');
  // One id in 64 begins with a hyphen; behind an equals sign it is not taken for an option.
  const args = ['format', `--cluster-id=${clusterId}`, '--config', propertiesFile, '--ignore-formatted'];
  await promisify(execFile)(options.java, [
    '-Xshare:auto',
    QUICK_COMPILER,
    ...classPath(options),
    'kafka.tools.StorageTool',
    ...args,
  ]);
}

function jvmFlags(options: KafkaOptions): readonly string[] {
  return [
    `-Xmx${heap}`,
    '-XX:+UseG1GC',
    ...(options.longLived ? ROOMY_HEAP : [QUICK_COMPILER]),
    '-XX:+ExitOnOutOfMemoryError',
    '-Xshare:auto',
    '-Djava.awt.headless=true',
    ...classPath(options),
  ];
}

function classPath(options: KafkaOptions): readonly string[] {
  const logging = join(import.meta.dirname, 'kafka', 'log4j2.properties');
  return [`-Dlog4j2.configurationFile=${logging}`, '-cp', join(options.jarsDir, '*')];
}
