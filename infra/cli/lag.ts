/**
 * How far each service is behind its inputs.
 *
 * Job: positions that the services publish in their transactions, against the ends of the log. Positions may stay
 * behind markers, which are no records, so where the two differ the records between them are counted.
 */
import { GRAPH } from '../../topology/graph.ts';
import type { OffsetBounds } from '../../topology/log.ts';
import { SERVICES, type ServiceName, type TopicName } from '../../topology/topics.ts';
import { partitionsOf, placeOf, type Source, scan } from './topic-scan.ts';

export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  /** Null where the service has never committed a position. */
  readonly position: number | null;
  readonly end: number;
  /** Records to go; in a very long gap the offsets, markers included. */
  readonly lag: number;
}

export interface ServiceLag {
  readonly service: ServiceName;
  readonly partitions: readonly PartitionLag[];
}

/** A gap longer than this is not read to be counted. */
const COUNTED_OFFSETS_MAX = 10_000;

export function lagOfServices(source: Source): Promise<readonly ServiceLag[]> {
  return Promise.all(
    SERVICES.map(async (service) => ({ service, partitions: await lagOf(source, service) })),
  );
}

export function totalLag(lags: readonly ServiceLag[]): number {
  return lags.reduce((total, { partitions }) => total + lagSum(partitions), 0);
}

export function lagSum(partitions: readonly PartitionLag[]): number {
  return partitions.reduce((sum, { lag }) => sum + lag, 0);
}

async function lagOf(source: Source, service: ServiceName): Promise<readonly PartitionLag[]> {
  const inputs: readonly TopicName[] = GRAPH[service].inputs;
  const places = await partitionsOf(source.log, inputs);
  const [bounds, positions] = await Promise.all([
    source.log.bounds(places),
    source.log.admin.groupPositions(service, places),
  ]);
  const committed = new Map(positions.map((each) => [placeOf(each), each.offset]));
  const gaps = bounds.map((each) => ({
    ...each,
    start: Math.max(committed.get(placeOf(each)) ?? 0, each.start),
  }));
  const counted = await recordsIn(
    source,
    gaps.filter(({ start, end }) => start < end && end - start <= COUNTED_OFFSETS_MAX),
  );
  return gaps.map(({ topic, partition, start, end }) => {
    const position = committed.get(placeOf({ topic, partition })) ?? -1;
    const gap = Math.max(end - start, 0);
    const lag = gap > COUNTED_OFFSETS_MAX ? gap : (counted.get(placeOf({ topic, partition })) ?? 0);
    return { topic, partition, position: position < 0 ? null : position, end, lag };
  });
}

/** Records between start and end of each gap, all read by one reader. */
async function recordsIn(
  source: Source,
  gaps: readonly OffsetBounds[],
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  await scan(source, gaps, {
    from: gaps.map((gap) => ({ ...gap, end: gap.start })),
    visit(record) {
      const place = placeOf(record);
      counts.set(place, (counts.get(place) ?? 0) + 1);
    },
  });
  return counts;
}
