/**
 * How far each service is behind its inputs.
 *
 * Job: positions that the services publish in their transactions, against the ends of the log. Positions may stay
 * behind markers, which are no records, so where the two differ the log is asked whether a record is left.
 */
import { GRAPH } from '../../topology/graph.ts';
import { SERVICES, type ServiceName, type TopicName } from '../../topology/topics.ts';
import { PartitionCursor, placeOf, type Source } from './topic-scan.ts';

export interface PartitionLag {
  readonly topic: TopicName;
  readonly partition: number;
  /** Null where the service has never committed a position. */
  readonly position: number | null;
  readonly end: number;
  /** Offsets to go, markers included; 0 when no record is left. */
  readonly lag: number;
}

export interface ServiceLag {
  readonly service: ServiceName;
  readonly partitions: readonly PartitionLag[];
}

/** A gap longer than this holds records for certain and is not looked into. */
const MARKERS_LIKELY_MAX = 10_000;

export async function lagOfServices(source: Source): Promise<readonly ServiceLag[]> {
  const lags: ServiceLag[] = [];
  for (const service of SERVICES) lags.push({ service, partitions: await lagOf(source, service) });
  return lags;
}

export function totalLag(lags: readonly ServiceLag[]): number {
  return lags.reduce((total, { partitions }) => total + lagSum(partitions), 0);
}

export function lagSum(partitions: readonly PartitionLag[]): number {
  return partitions.reduce((sum, { lag }) => sum + lag, 0);
}

async function lagOf(source: Source, service: ServiceName): Promise<readonly PartitionLag[]> {
  const inputs: readonly TopicName[] = GRAPH[service].inputs;
  const places: { topic: TopicName; partition: number }[] = [];
  for (const topic of inputs) {
    const count = await source.log.partitionCount(topic);
    for (let partition = 0; partition < count; partition += 1) places.push({ topic, partition });
  }
  const [bounds, positions] = await Promise.all([
    source.log.bounds(places),
    source.log.admin.groupPositions(service, places),
  ]);
  const ranges = new Map(bounds.map((each) => [placeOf(each), each]));
  const committed = new Map(positions.map((each) => [placeOf(each), each.offset]));
  const lags: PartitionLag[] = [];
  for (const place of places) {
    const { start = 0, end = 0 } = ranges.get(placeOf(place)) ?? {};
    const offset = committed.get(placeOf(place)) ?? -1;
    const position = offset < 0 ? null : offset;
    const lag = await realLag(source, { ...place, from: Math.max(position ?? start, start), end });
    lags.push({ ...place, position, end, lag });
  }
  return lags;
}

interface Gap {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly end: number;
}

async function realLag(source: Source, { topic, partition, from, end }: Gap): Promise<number> {
  const gap = Math.max(end - from, 0);
  if (gap === 0 || gap > MARKERS_LIKELY_MAX) return gap;
  const cursor = await PartitionCursor.open(source, { topic, partition }, from);
  try {
    return (await cursor.peek()) === null ? 0 : gap;
  } finally {
    await cursor.close();
  }
}
