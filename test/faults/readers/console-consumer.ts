/**
 * Reads a topic with Kafka's own console consumer, committed records only: Java code of others, in a process of its own.
 *
 * Boundary: the bytes of each record's value, as printed and read back; what they mean is `avro.ts`.
 *
 * Invariant: a line is a record only if the whole line has the printed form; anything else the tool says is skipped, and
 * the number of records it reports at its end must be the number of lines that were read.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { kafkaJars, kafkaTools } from '../../../infra/embedded/artifacts.ts';
import { findJava } from '../../../infra/embedded/requirements.ts';

export interface ConsoleRecord {
  readonly partition: number;
  readonly offset: number;
  /** Null where the record has none. */
  readonly value: Buffer | null;
}

export interface ConsoleOptions {
  readonly brokers: string;
  readonly topic: string;
  /** The tool ends when nothing more came for this long. */
  readonly idleMs: number;
}

const cacheDir = join(import.meta.dirname, '..', '..', '..', '.cache');
const mainClass = 'org.apache.kafka.tools.consumer.ConsoleConsumer';
const bytesDeserializer = 'org.apache.kafka.common.serialization.BytesDeserializer';
/** No printed value looks like this: behind a backslash there is always an x. */
const noValue = '\\none';
const recordLine = /^Partition:(\d+)\tOffset:(\d+)\t(.*)$/;
const countLine = /^Processed a total of (\d+) messages?$/;

export async function consoleRecords(
  options: ConsoleOptions,
  take: (record: ConsoleRecord) => void,
): Promise<number> {
  const child = spawn(findJava(process.env['JAVA_HOME']), await consoleArguments(options), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  let complaint = '';
  let reported = -1;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  let records = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const found = recordLine.exec(line);
    if (found === null) continue;
    const [, partition = '', offset = '', text = ''] = found;
    records += 1;
    take({ partition: Number(partition), offset: Number(offset), value: printedBytes(text) });
  }
  await ended;
  for (const line of complaint.split('\n')) reported = Number(countLine.exec(line)?.[1] ?? reported);
  if (reported === records) return records;
  throw new Error(
    `the console consumer reported ${reported} records of ${options.topic}, ${records} were read:\n${complaint}`,
  );
}

async function consoleArguments({ brokers, topic, idleMs }: ConsoleOptions): Promise<string[]> {
  const store = { cacheDir, onProgress: () => undefined };
  const [tools, jars] = [await kafkaTools(store), await kafkaJars(store)];
  const properties = [
    'print.partition=true',
    'print.offset=true',
    `null.literal=${noValue}`,
    `value.deserializer=${bytesDeserializer}`,
  ];
  return [
    ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto', '-Xmx256m'],
    ...['-cp', `${join(tools, '*')}:${join(jars, '*')}`, mainClass],
    ...['--bootstrap-server', brokers, '--topic', topic, '--from-beginning'],
    ...['--isolation-level', 'read_committed', '--timeout-ms', String(idleMs)],
    ...properties.flatMap((property) => ['--formatter-property', property]),
  ];
}

/** Kafka prints bytes as they are where they can be seen, and as `\xNN` otherwise. */
function printedBytes(text: string): Buffer | null {
  if (text === noValue) return null;
  const bytes = text.replace(/\\x([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number(`0x${hex}`)),
  );
  return Buffer.from(bytes, 'latin1');
}
