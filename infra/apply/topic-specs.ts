/**
 * Job: say which topics the system needs and with which configuration.
 *
 * Boundary: derived from `topology/topics.ts` alone; talks to no broker.
 *
 * Invariants:
 *  1. Every topic has the same partition count, because topics that meet in one service are co-partitioned.
 *  2. The broker's append time is the record time everywhere, so no producer can move the time a verdict depends on.
 *  3. Facts, refusals and steps are kept for ever; only `balances` and changelogs are compacted.
 */
import type { TopicSpec } from '../../topology/log.ts';
import { SERVICES, serviceTopics, TOPICS } from '../../topology/topics.ts';

export interface TopicParameters {
  readonly partitions: number;
  readonly replicationFactor: number;
}

export const EMBEDDED_TOPICS: TopicParameters = { partitions: 4, replicationFactor: 1 };

type TopicConfig = Readonly<Record<string, string>>;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MEBIBYTE = 1024 * 1024;

const common: TopicConfig = {
  'message.timestamp.type': 'LogAppendTime',
  'compression.type': 'uncompressed',
};

const kept: TopicConfig = {
  ...common,
  'cleanup.policy': 'delete',
  'retention.ms': '-1',
  'retention.bytes': '-1',
};

/**
 * The active segment is never compacted, so segments are short enough that a restore reads little more than one record
 * a key. Tombstones outlive the dedup horizon: a cache that is older must be thrown away, or it would keep deleted keys.
 */
const compacted: TopicConfig = {
  ...common,
  'cleanup.policy': 'compact',
  'segment.bytes': String(64 * MEBIBYTE),
  'segment.ms': String(HOUR_MS),
  'min.cleanable.dirty.ratio': '0.2',
  'delete.retention.ms': String(36 * DAY_MS),
};

/** A dead letter holds a whole foreign record, which may itself be as large as the broker lets through. */
const rejected: TopicConfig = { ...kept, 'max.message.bytes': String(2 * MEBIBYTE) };

/** Every topic of the system, in the order of the table and then service by service. */
export function topicSpecs(parameters: TopicParameters): readonly TopicSpec[] {
  const facts = Object.entries(TOPICS).map(([name, rule]): readonly [string, TopicConfig] => [
    name,
    'compacted' in rule ? compacted : kept,
  ]);
  const derived = SERVICES.flatMap((service): (readonly [string, TopicConfig])[] => {
    const topics = serviceTopics(service);
    return [
      [topics.rejected, rejected],
      [topics.changelog, compacted],
      [topics.steps, kept],
    ];
  });
  return [...facts, ...derived].map(([name, config]) => ({ name, ...parameters, config }));
}
