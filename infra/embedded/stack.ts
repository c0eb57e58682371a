/**
 * The embedded stack: broker, schema registry and analytics server, started together and stopped together.
 *
 * Boundary: the rest of the system sees three addresses and does not know whether they are embedded or given.
 *
 * 1. A state folder serves one live stack at a time.
 * 2. A stack that fails to start leaves nothing running.
 * 3. What a stack that was killed left running is gone before the next one starts on its state.
 * 4. A part whose address is given is never started, and never asked for Java.
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { apicurioFiles, kafkaJars } from './artifacts.ts';
import {
  type ClickhouseCredentials,
  clickhouseUrl,
  clickhouseWriter,
  startClickhouse,
} from './clickhouse.ts';
import { startKafka } from './kafka.ts';
import { isLock, type Lock, tryLock } from './lock.ts';
import { type EmbeddedPart, embeddedPart, externalPart, type Part } from './part.ts';
import { choosePort, LOOPBACK } from './ports.ts';
import type { SupervisedProcess } from './process.ts';
import { isAlive, markOf } from './process-mark.ts';
import { registryUrl, startRegistry } from './registry.ts';
import { findJava } from './requirements.ts';
import {
  lockFile,
  readState,
  type StackPorts,
  type StackState,
  writerFor,
  writeState,
} from './state-file.ts';
import { waitUntil } from './wait.ts';

export interface StackOptions {
  /** Everything the stack keeps is under this folder. */
  readonly stateDir: string;
  /** Addresses of servers to use instead of embedded ones. */
  readonly env: {
    readonly kafkaBrokers?: string | undefined;
    readonly schemaRegistryUrl?: string | undefined;
    readonly clickhouseUrl?: string | undefined;
  };
  readonly ports?: {
    readonly kafka?: number | undefined;
    readonly registry?: number | undefined;
    readonly clickhouse?: number | undefined;
  };
  readonly onProgress?: (line: string) => void;
  /** Whether it is to serve for longer than a minute or two; a broker is made for the one or the other. */
  readonly longLived?: boolean;
}

export interface Stack {
  readonly kafkaBrokers: string;
  readonly schemaRegistryUrl: string;
  readonly clickhouseUrl: string;
  /** The one user that may write to the analytics server. */
  readonly clickhouseWriter: ClickhouseCredentials;
  readonly parts: { readonly kafka: Part; readonly registry: Part; readonly clickhouse: Part };
  stop(): Promise<void>;
}

interface Plan {
  readonly stateDir: string;
  readonly options: StackOptions;
  readonly ports: StackPorts;
  readonly onProgress: (line: string) => void;
}

const leftOverTimeoutMs = 10_000;
const cacheDir = join(import.meta.dirname, '..', '..', '.cache');

export async function startStack(options: StackOptions): Promise<Stack> {
  const stateDir = resolve(options.stateDir);
  mkdirSync(stateDir, { recursive: true });
  const lock = lockStateDir(stateDir);
  try {
    await leftOversGone(stateDir);
    const ports = await choosePorts(stateDir, options);
    const plan = { stateDir, options, ports, onProgress: options.onProgress ?? (() => undefined) };
    return await startParts(plan, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

function lockStateDir(stateDir: string): Lock {
  const result = tryLock(lockFile(stateDir));
  if (isLock(result)) return result;
  throw new Error(
    `The state folder ${stateDir} is in use by process ${result.pid}: stop that one, or set LEDGER_STATE_DIR to another folder.`,
  );
}

/** The parts of a stack that was killed end by themselves within seconds; one that does not is killed. */
async function leftOversGone(stateDir: string): Promise<void> {
  for (const { process: left } of readState(stateDir)?.parts ?? []) {
    if (left === null) continue;
    const isGone = async (): Promise<boolean> => !isAlive(left);
    if (await waitUntil(isGone, { timeoutMs: leftOverTimeoutMs })) continue;
    process.kill(left.pid, 'SIGKILL');
    await waitUntil(isGone, { timeoutMs: leftOverTimeoutMs });
  }
}

async function choosePorts(stateDir: string, options: StackOptions): Promise<StackPorts> {
  const remembered = readState(stateDir)?.ports ?? {};
  const given = options.ports ?? {};
  const taken = new Set<number>();
  const choose = async (
    name: string,
    wanted: number | undefined,
    before: number | undefined,
  ): Promise<number> => {
    const port = await choosePort({ name, given: wanted, remembered: before }, taken);
    taken.add(port);
    return port;
  };
  const ports: StackPorts = {};
  if (!options.env.kafkaBrokers) {
    ports.kafka = await choose('the broker', given.kafka, remembered.kafka);
    ports.kafkaController = await choose("the broker's controller", undefined, remembered.kafkaController);
  }
  if (!options.env.schemaRegistryUrl) {
    ports.registry = await choose('the schema registry', given.registry, remembered.registry);
  }
  if (!options.env.clickhouseUrl) {
    ports.clickhouse = await choose('the analytics server', given.clickhouse, remembered.clickhouse);
  }
  return ports;
}

async function startParts(plan: Plan, lock: Lock): Promise<Stack> {
  const starters = await partStarters(plan);
  const embedded: EmbeddedPart[] = [];
  let ready = false;
  const save = (): void => writeState(plan.stateDir, stateOf({ plan, parts, ready }));
  const part = (name: PartName): Part => {
    const start = starters[name];
    if (start === undefined) return externalPart(name);
    const made = embeddedPart({ name, start, onChange: save, onProgress: plan.onProgress });
    embedded.push(made);
    return made;
  };
  const parts = { kafka: part('kafka'), registry: part('registry'), clickhouse: part('clickhouse') };

  const stop = async (): Promise<void> => {
    const outcomes = await Promise.allSettled(embedded.map((each) => each.stop()));
    lock.release();
    throwFirst(outcomes);
  };
  const outcomes = await Promise.allSettled(embedded.map((each) => startAndTell(each, plan.onProgress)));
  if (outcomes.some((outcome) => outcome.status === 'rejected')) await stop();
  throwFirst(outcomes);
  ready = true;
  save();
  const state = stateOf({ plan, parts, ready });
  const { kafkaBrokers, schemaRegistryUrl, clickhouseUrl } = state;
  const writer = writerFor(plan.stateDir, state);
  return { kafkaBrokers, schemaRegistryUrl, clickhouseUrl, clickhouseWriter: writer, parts, stop };
}

type PartName = 'kafka' | 'registry' | 'clickhouse';
type Starter = () => Promise<SupervisedProcess>;

/** One starter for every part that is to be embedded. Java and the jars are looked for before anything starts. */
async function partStarters(plan: Plan): Promise<Partial<Record<PartName, Starter>>> {
  const { ports, stateDir } = plan;
  const store = { cacheDir, onProgress: plan.onProgress };
  const starters: Partial<Record<PartName, Starter>> = {};
  const folders = (name: PartName) => ({
    dataDir: join(stateDir, name),
    logFile: join(stateDir, 'logs', `${name}.log`),
  });
  if (ports.kafka !== undefined && ports.kafkaController !== undefined) {
    const java = findJava(process.env.JAVA_HOME);
    const jarsDir = await kafkaJars(store);
    const { kafka: port, kafkaController: controllerPort } = ports;
    const longLived = plan.options.longLived ?? false;
    starters.kafka = () =>
      startKafka({ ...folders('kafka'), java, jarsDir, port, controllerPort, longLived });
  }
  if (ports.registry !== undefined) {
    const java = findJava(process.env.JAVA_HOME);
    const filesDir = await apicurioFiles(store);
    const port = ports.registry;
    starters.registry = () => startRegistry({ ...folders('registry'), java, filesDir, port });
  }
  if (ports.clickhouse !== undefined) {
    const writer = clickhouseWriter(stateDir);
    const port = ports.clickhouse;
    starters.clickhouse = () => startClickhouse({ ...folders('clickhouse'), port, writer });
  }
  return starters;
}

async function startAndTell(part: EmbeddedPart, onProgress: (line: string) => void): Promise<void> {
  const begun = performance.now();
  await part.start();
  onProgress(`${part.name} is ready after ${((performance.now() - begun) / 1000).toFixed(1)} s.`);
}

interface StateFacts {
  readonly plan: Plan;
  readonly parts: Stack['parts'];
  readonly ready: boolean;
}

function stateOf({ plan, parts, ready }: StateFacts): StackState {
  const { env } = plan.options;
  const { ports } = plan;
  return {
    pid: process.pid,
    ready,
    kafkaBrokers: env.kafkaBrokers || `${LOOPBACK}:${ports.kafka}`,
    schemaRegistryUrl: env.schemaRegistryUrl || registryUrl(ports.registry ?? 0),
    clickhouseUrl: env.clickhouseUrl || clickhouseUrl(ports.clickhouse ?? 0),
    ports,
    parts: [parts.kafka, parts.registry, parts.clickhouse].map(({ name, embedded, pid }) => ({
      name,
      embedded,
      process: pid === null ? null : markOf(pid),
    })),
  };
}

function throwFirst(outcomes: readonly PromiseSettledResult<void>[]): void {
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
