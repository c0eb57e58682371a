/**
 * Where each topic partition goes on: at the position its table holds, or at the start of the log for a new one.
 *
 * Invariant: positions are read after the store has settled, so no insert of an earlier sink lands behind them.
 */
import type { Log } from '../../topology/log.ts';
import { Lane, type LaneLimits } from './lane.ts';
import type { Route } from './routes.ts';
import type { AnalyticsStore } from './store.ts';

export interface OpenLanesOptions {
  readonly log: Log;
  readonly store: AnalyticsStore;
  readonly routes: readonly Route[];
  readonly limits: LaneLimits;
}

export async function openLanes(options: OpenLanesOptions): Promise<readonly Lane[]> {
  const { log, store, routes, limits } = options;
  await store.settle();
  const stored = await storedPositions(store, routes);
  const lanes: Lane[] = [];
  for (const route of routes) {
    const partitions = await log.partitionCount(route.topic);
    const places = Array.from({ length: partitions }, (_, partition) => ({ topic: route.topic, partition }));
    for (const { partition, start, end } of await log.bounds(places)) {
      const position = stored.get(`${route.topic}/${partition}`) ?? start;
      if (position > end) {
        throw new Error(
          `${route.topic}/${partition} ends at ${end}, but ${route.table} holds records up to ${position}: the topic was recreated, or this is another cluster`,
        );
      }
      lanes.push(new Lane(route, { partition, position }, limits));
    }
  }
  return lanes;
}

async function storedPositions(
  store: AnalyticsStore,
  routes: readonly Route[],
): Promise<ReadonlyMap<string, number>> {
  const stored = new Map<string, number>();
  for (const table of new Set(routes.map((route) => route.table))) {
    for (const { topic, partition, nextOffset } of await store.positions(table)) {
      stored.set(`${topic}/${partition}`, nextOffset);
    }
  }
  return stored;
}
