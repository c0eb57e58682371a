/**
 * Reads what the log gained since the head before and makes the next head of it.
 *
 * Boundary: reads and refuses; files are written by whoever is given the entries, the signature comes later.
 *
 * Invariants:
 *  1. Ranges continue those of the head before without a gap, so that all heads together cover the log from offset 0.
 *  2. A log that does not continue the head before, or whose new steps do not hold, is not sealed.
 *  3. Memory is one fetch, whatever there is to read.
 */
import { formatInstant, type Instant } from '../../schemas/instant.ts';
import type { LogRecord, OffsetBounds } from '../../topology/log.ts';
import type { ServiceName } from '../../topology/topics.ts';
import { decode, partitionsOf, placeOf, type Source, scan } from '../cli/topic-scan.ts';
import type { ChainHead, Head, SealedRange } from './head.ts';
import { originOf } from './origin.ts';
import { contentDigest, encodeEntry, RangeDigest } from './record-list.ts';
import { sealedTopics, stepsTopicService, writerOf } from './sealed-topics.ts';
import { linkFault } from './step-links.ts';

const ZEROS = '0'.repeat(64);

export class SealRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SealRefused';
  }
}

export interface SealRequest {
  readonly previous: Head | null;
  addEntry(entry: Buffer): void;
  onRecords(count: number): void;
}

export type HeadContent = Pick<Head, 'clusterId' | 'chains' | 'ranges'>;

export async function readHeadContent(source: Source, request: SealRequest): Promise<HeadContent> {
  const { log } = source;
  const { previous } = request;
  const clusterId = await log.clusterId();
  if (previous !== null && previous.clusterId !== clusterId) {
    throw new SealRefused(
      `head ${previous.sequence} is of cluster ${previous.clusterId}, this is ${clusterId}`,
    );
  }
  const before = new Map(previous?.ranges.map((range) => [placeOf(range), range]));
  const chains = new Map(previous?.chains.map((chain) => [taskOf(chain), chain]));
  const bounds = await log.bounds(await partitionsOf(log, sealedTopics()));
  const ranges: SealedRange[] = [];
  for (const place of bounds) {
    const from = before.get(placeOf(place))?.to ?? 0;
    refuseGap(place, from, previous);
    const service = stepsTopicService(place.topic);
    const chain = service === null ? null : chainOf(chains, service, place.partition);
    ranges.push(await readRange(source, { place, from, chain, request }));
    if (chain !== null) chains.set(taskOf(chain), chain.head);
  }
  return { clusterId, chains: [...chains.values()], ranges };
}

/** The chain of one task while its steps are read. */
class GrowingChain {
  head: ChainHead;

  constructor(head: ChainHead) {
    this.head = head;
  }

  get service(): ServiceName {
    return this.head.service;
  }

  get partition(): number {
    return this.head.partition;
  }

  take(source: Source, record: LogRecord): number {
    const decoded = decode(source.directory, 'Step', record);
    const place = `${placeOf(record)}@${record.offset}`;
    if (!decoded.ok) throw new SealRefused(`the step at ${place} is unreadable: ${decoded.message}`);
    const step = decoded.value;
    const before = { step: this.head.step, digest: Buffer.from(this.head.digest, 'hex') };
    const fault = linkFault(this.head, before, step);
    if (fault !== null) throw new SealRefused(`step ${before.step + 1} at ${place}: ${fault.message}`);
    this.head = { ...this.head, step: step.step, digest: step.digest.toString('hex'), offset: record.offset };
    return step.step;
  }
}

function chainOf(
  chains: ReadonlyMap<string, ChainHead>,
  service: ServiceName,
  partition: number,
): GrowingChain {
  const head = chains.get(taskOf({ service, partition }));
  return new GrowingChain(head ?? { service, partition, step: 0, digest: ZEROS, offset: -1 });
}

interface RangeRequest {
  readonly place: OffsetBounds;
  readonly from: number;
  readonly chain: GrowingChain | null;
  readonly request: SealRequest;
}

async function readRange(
  source: Source,
  { place, from, chain, request }: RangeRequest,
): Promise<SealedRange> {
  const { topic, partition, end: to } = place;
  const digest = new RangeDigest();
  const writer = writerOf(topic);
  if (from < to) {
    await scan(source, [place], {
      from: [{ ...place, end: from }],
      visit(record) {
        if (record.offset >= to) return;
        const content = contentDigest(record);
        const step = chain === null ? stepOf(record, writer) : chain.take(source, record);
        request.addEntry(encodeEntry(record, content, step));
        digest.add(record, content);
        request.onRecords(1);
      },
    });
  }
  return { topic, partition, from, to, records: digest.records, digest: digest.hex() };
}

function stepOf(record: LogRecord, writer: ServiceName | null): number {
  return writer === null ? 0 : (originOf(record, writer)?.step ?? 0);
}

function refuseGap(place: OffsetBounds, from: number, previous: Head | null): void {
  const name = placeOf(place);
  if (place.start > from)
    throw new SealRefused(`${name} starts at ${place.start}, and nothing sealed it up to there`);
  if (place.end < from) {
    throw new SealRefused(
      `${name} ends at ${place.end}, and head ${previous?.sequence ?? 0} sealed it up to ${from}`,
    );
  }
}

function taskOf({ service, partition }: { readonly service: string; readonly partition: number }): string {
  return `${service}/${partition}`;
}

export function headOf(
  content: HeadContent,
  about: Pick<Head, 'sequence' | 'previous' | 'key' | 'index'> & { readonly now: Instant },
): Head {
  const { sequence, previous, key, index, now } = about;
  return { format: 1, sequence, previous, ...content, sealedAt: formatInstant(now), key, index };
}
