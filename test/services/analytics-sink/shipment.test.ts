/** What may travel in one INSERT, under which name, and when it leaves. */
import { describe, expect, it } from 'vitest';
import { Lane } from '../../../services/analytics-sink/lane.ts';
import { lanesToShip, type Shipment, shipmentToken } from '../../../services/analytics-sink/shipment.ts';
import { runSink, SINK_LIMITS, type SinkLimits } from '../../../services/analytics-sink/sink.ts';
import type { OutgoingRecord } from '../../../topology/log.ts';
import { FakeStore } from './fake-store.ts';
import { directory, framed, logRecord, outgoing, routes, sinkLog } from './sink-log.ts';
import { chargeFor, costEvent, MID_MONTH } from './sink-records.ts';

const LIMITS = { blockRowsMax: 100, blockBytesMax: 1_000_000, lingerMs: 250, shipmentBytesMax: 1_000_000 };
const NEXT_MONTH = Date.UTC(2026, 3, 2);

/** A lane with one sealed block of the offsets 0 to `count - 1`. */
function sealedLane(partition: number, { count = 2, appendedAt = MID_MONTH } = {}): Lane {
  const route = routes.find(({ topic }) => topic === 'cost-events');
  if (route === undefined) throw new Error('the sink has no route');
  const lane = new Lane(route, { partition, position: 0 }, LIMITS);
  const records = Array.from({ length: count }, (_, offset) => ({
    ...logRecord({ topic: 'cost-events', offset, appendedAt }, framed('CostEvent', costEvent(offset))),
    partition,
  }));
  lane.take({ topic: 'cost-events', partition, records, nextOffset: count, stableOffset: count }, 0);
  lane.seal();
  return lane;
}

function shipmentOf(...lanes: readonly Lane[]): Shipment {
  const [first, ...others] = lanes.flatMap((lane) => lane.next() ?? []);
  if (first === undefined) throw new Error('nothing is ready');
  return [first, ...others];
}

describe('a shipment', () => {
  it('takes the next block of every lane that has one', () => {
    const [busy, ready, idle] = [sealedLane(0), sealedLane(1), sealedLane(2, { count: 0 })];
    busy.next();
    expect(lanesToShip([busy, ready, idle, sealedLane(3)], LIMITS).map(({ partition }) => partition)).toEqual(
      [1, 3],
    );
  });

  it('holds blocks of one month only, that of the first', () => {
    const lanes = [sealedLane(0), sealedLane(1, { appendedAt: NEXT_MONTH }), sealedLane(2)];
    expect(lanesToShip(lanes, LIMITS).map(({ partition }) => partition)).toEqual([0, 2]);
  });

  it('ends at its bytes, and a single block may exceed them', () => {
    const lanes = [sealedLane(0, { count: 5 }), sealedLane(1), sealedLane(2)];
    const bytes = lanes.map(({ pendingBytes }) => pendingBytes);
    const two = { shipmentBytesMax: (bytes[0] ?? 0) + (bytes[1] ?? 0) };
    expect(lanesToShip(lanes, two).map(({ partition }) => partition)).toEqual([0, 1]);
    expect(lanesToShip(lanes, { shipmentBytesMax: 1 }).map(({ partition }) => partition)).toEqual([0]);
  });

  it('has the token of its block when it is one, and of all of them when there are more', () => {
    expect(shipmentToken(shipmentOf(sealedLane(0)))).toBe('cost-events-0-0-1');
    const tokens = [
      shipmentToken(shipmentOf(sealedLane(0), sealedLane(1))),
      shipmentToken(shipmentOf(sealedLane(0), sealedLane(2))),
      shipmentToken(shipmentOf(sealedLane(0), sealedLane(1, { count: 3 }))),
      shipmentToken(shipmentOf(sealedLane(0), sealedLane(1), sealedLane(2))),
    ];
    expect(new Set(tokens).size).toBe(4);
    expect(tokens[0]).toMatch(/^cost-events-0-0-1\+1-[0-9a-f]{32}$/);
    expect(shipmentToken(shipmentOf(sealedLane(0), sealedLane(1)))).toBe(tokens[0]);
  });
});

function use(partition: number, index: number): OutgoingRecord {
  return outgoing({ topic: 'cost-events', partition }, 'CostEvent', costEvent(index));
}

/** What was inserted at every millisecond of a clock that the test moves, until `endMs`. */
async function insertsOver(
  endMs: number,
  limits: Partial<SinkLimits>,
  arrivals: ReadonlyMap<number, readonly OutgoingRecord[]>,
): Promise<readonly string[]> {
  const store = new FakeStore();
  const log = await sinkLog(() => MID_MONTH, 2);
  const stopping = new AbortController();
  let nowMs = 0;
  const seen: string[] = [];
  const done = runSink(
    {
      log,
      store,
      directory,
      routes,
      limits: { ...SINK_LIMITS, restFactor: 0, fetchWaitMs: 0, fetchPauseMs: 100, ...limits },
      nowMs: () => nowMs,
      async pause(ms) {
        await new Promise((resolve) => setImmediate(resolve));
        nowMs += ms;
        await log.append(arrivals.get(nowMs) ?? []);
        if (nowMs >= endMs) stopping.abort();
      },
      observer: {
        onReady: () => undefined,
        onInserted: ({ topic, partition, records }) => seen.push(`${nowMs} ${topic}/${partition}:${records}`),
        onTrouble: () => undefined,
      },
    },
    stopping.signal,
  );
  await done;
  return [...seen.sort(), `${store.calls.length} inserts`];
}

describe('when blocks leave', () => {
  it('all lanes of a table leave together when one has waited for the linger, others stay', async () => {
    const arrivals = new Map<number, readonly OutgoingRecord[]>();
    for (let ms = 100; ms < 1_600; ms += 100) arrivals.set(ms, [use(ms >= 800 ? 1 : 0, ms)]);
    arrivals.set(1_000, [outgoing({ topic: 'charges', partition: 0 }, 'Charge', chargeFor(costEvent(1)))]);
    const seen = await insertsOver(1_300, { lingerMs: 1_000, quietMs: 500 }, arrivals);
    expect(seen.at(-1)).toBe('1 inserts');
    expect(seen.slice(0, -1)).toEqual([
      expect.stringMatching(/^1[12]00 cost-events\/0:7$/),
      expect.stringMatching(/^1[12]00 cost-events\/1:[23]$/),
    ]);
  });

  it('nothing waits for the linger once nothing comes any more', async () => {
    const seen = await insertsOver(
      1_500,
      { lingerMs: 60_000, quietMs: 500 },
      new Map([
        [100, [use(0, 1)]],
        [300, [use(1, 2)]],
      ]),
    );
    expect(seen).toEqual([
      expect.stringMatching(/^[89]00 cost-events\/0:1$/),
      expect.stringMatching(/^[89]00 cost-events\/1:1$/),
      '1 inserts',
    ]);
  });
});
