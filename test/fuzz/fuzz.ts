/** What can be fuzzed, by name: the record of every topic that producers may write, and the gateway's JSON. */
import type { PublishedTopic } from '../../topology/publication.ts';
import { TOPICS } from '../../topology/topics.ts';
import { fuzzGateway } from './gateway-fuzz.ts';
import { fuzzRecords } from './record-fuzz.ts';
import type { Report } from './report.ts';

const PUBLISHED: readonly PublishedTopic[] = [
  'usage-events',
  'outcome-claims',
  'outcome-verifications',
  'payment-events',
  'accounts',
  'contracts',
  'price-books',
  'outcome-definitions',
  'clock-ticks',
];
const BY_RECORD = new Map(PUBLISHED.map((topic): [string, PublishedTopic] => [TOPICS[topic].record, topic]));

export const SUBJECTS: readonly string[] = [...BY_RECORD.keys(), 'json'];

export function fuzz(name: string, run: { readonly seed: number; readonly count: number }): Promise<Report> {
  const topic = BY_RECORD.get(name);
  return topic === undefined ? fuzzGateway(run) : fuzzRecords(topic, run);
}
