/** When a rate counts as sustained, what is tried next, and what the plot and the tables show. */
import { describe, expect, test } from 'vitest';
import { limitText } from './bench/core-shares.ts';
import { type EndToEndResult, endToEndText } from './bench/end-to-end.ts';
import { growthText, sizesTo } from './bench/growth.ts';
import { type LatencyResult, latencyText } from './bench/latency.ts';
import { plotSvg, short } from './bench/plot.ts';
import { replayText, restoreText } from './bench/replay.ts';
import { isWarm } from './bench/settle.ts';
import { type BacklogSample, nextRate, sustained } from './bench/sustained.ts';

const RATE = 1_000;

/** Twenty seconds, a sample each, of a system that takes `perSecond` after `startedWith` were waiting. */
function samples(perSecond: number, startedWith = 0, sentPerSecond = RATE): readonly BacklogSample[] {
  return Array.from({ length: 21 }, (_, second) => ({
    atMs: second * 1_000,
    due: startedWith + second * RATE,
    sent: startedWith + second * sentPerSecond,
    done: Math.min(startedWith + second * RATE, second * perSecond),
  }));
}

describe('warming up', () => {
  test.each<[string, readonly number[], boolean]>([
    ['nothing was sent yet', [], false],
    ['two rounds have none before them', [300, 300], false],
    ['the last round is cheaper', [300, 300, 250], false],
    ['the one before it was', [300, 250, 250], false],
    ['one round cost more, and the next less than all', [300, 250, 260, 200], false],
    ['two rounds cost as much as the cheapest before', [300, 250, 245, 255], true],
    ['costs that rise are no sign of a compiler', [200, 250, 260], true],
  ])('%s', (_, costs, expected) => {
    expect(isWarm(costs)).toBe(expected);
  });
});

describe('sustained', () => {
  test('what comes through as fast as it is sent', () => {
    const found = sustained(samples(RATE), RATE);
    expect(found).toEqual({
      isSustained: true,
      why: 'kept up',
      donePerSecond: RATE,
      backlogMax: 0,
      growthPerSecond: 0,
    });
  });

  test('a queue that grows is none, however slowly it seems to', () => {
    const found = sustained(samples(900), RATE);
    expect(found.isSustained).toBe(false);
    expect(found.why).toBe('the queue grew');
    expect(found.growthPerSecond).toBe(100);
    expect(found.backlogMax).toBe(2_000);
  });

  test('a queue that was there before and shrinks does not count against the rate', () => {
    expect(sustained(samples(1_300, 3_000), RATE).isSustained).toBe(true);
  });

  test('one that grows by what is under way anyhow is none that grows', () => {
    expect(sustained(samples(979), RATE).isSustained).toBe(true);
  });

  test('a sender that sends less than is due measures another rate', () => {
    const found = sustained(samples(RATE, 0, 900), RATE);
    expect([found.isSustained, found.why]).toEqual([false, 'the sender fell behind']);
  });

  test('fewer arrivals than the rate by chance are no sender that fell behind', () => {
    expect(sustained(samples(RATE, 0, 972), RATE).isSustained).toBe(true);
  });

  test('the next rate is below what came through, and below the one before', () => {
    const { donePerSecond, ...rest } = sustained(samples(900), RATE);
    expect(nextRate(5_000, { ...rest, donePerSecond: 3_470 })).toBe(3_200);
    expect(nextRate(1_000, { ...rest, donePerSecond })).toBe(800);
    expect(nextRate(100, { ...rest, donePerSecond: 0 })).toBe(100);
  });
});

describe('what is printed', () => {
  const queue = sustained(samples(900), RATE);
  const times = { p50Ms: 1, p95Ms: 2, p99Ms: 3, maxMs: 4 };
  const latency: LatencyResult = {
    ratePerSecond: RATE,
    measured: 5,
    missing: 0,
    ...times,
    fromDue: times,
    coreShares: { kafka: 0.9, rating: 0.6, sender: 0.4 },
    ...queue,
  };

  test('a rate that was not sustained is no highest rate', () => {
    expect(latencyText([latency])).toContain('no rate was sustained');
    expect(latencyText([latency])).toContain('most of them kafka 90 %');
    const kept: LatencyResult = { ...latency, ratePerSecond: 800, isSustained: true };
    expect(latencyText([latency, kept])).toContain('highest rate sustained: 800 a second');
  });

  test('end-to-end names what bounds it, and every check that failed', () => {
    const run: EndToEndResult = {
      ...queue,
      ratePerSecond: RATE,
      seconds: 20,
      uses: 20_000,
      restMs: 10,
      coreShares: { kafka: 0.9, rating: 0.6, sender: 0.4 },
    };
    expect(limitText(run, 2)).toContain('the cores bound it: 1.9 of 2 cores, most of them kafka 90 %');
    expect(limitText(run, 4)).toContain('the cores do not bound it');
    const failed = [{ name: 'money', holds: false, detail: 'one is missing' }];
    expect(endToEndText([run], failed)).toContain('FAILED money: one is missing');
  });

  test('replay and restore say whether their goal was reached', () => {
    const service = {
      service: 'rating',
      records: 1_000,
      replayS: 1,
      restoreS: 0.5,
      keys: 10,
      heldMiB: 1,
      wrong: 0,
    };
    const replay = { uses: 1_000, livePerSecond: 100, services: [service] };
    expect(replayText(replay)).toContain('replayed 10.0 times as fast');
    expect(replayText(replay)).toContain('(goal 5: reached)');
    expect(replayText({ ...replay, services: [{ ...service, wrong: 1 }] })).toContain('1 TASKS DIFFER');
    const point = {
      accounts: 10,
      restoredPerSecond: 40,
      heapBytesPerAccount: 1,
      outsideBytesPerAccount: 1,
      chargesPerSecond: 10,
      askedHeapBytesPerAccount: 3,
      wrong: 0,
    };
    expect(restoreText(point)).toContain('goal 5: not reached');
  });

  test('growth without any part says what is left out all the same', () => {
    expect(growthText({ partitions: [], accounts: [], ids: null })).toContain('left out');
  });
});

describe('growth', () => {
  test('sizes double to the largest, which is always one of them', () => {
    expect(sizesTo(8, 1, 2)).toEqual([1, 2, 4, 8]);
    expect(sizesTo(9, 1, 2)).toEqual([1, 2, 4, 8, 9]);
    expect(sizesTo(1, 4, 2)).toEqual([1]);
  });

  test('the plot is one SVG with every number in it', () => {
    const series = [
      { name: 'a & b', values: [1, null, 2_500] },
      { name: 'MiB', values: [0, 0, 0] },
    ];
    const svg = plotSvg([{ title: 'panel', sizes: ['1', '2', '4'], series }]);
    expect(svg.startsWith('<svg ')).toBe(true);
    expect(svg).toContain('a &amp; b');
    expect(svg).toContain('2.5 k');
    expect(svg).not.toContain('NaN');
  });

  test.each([
    [1, '1'],
    [1_000, '1 k'],
    [1_048_576, '1.05 M'],
    [12.345, '12.3'],
  ])('%d in short', (value, expected) => {
    expect(short(value)).toBe(expected);
  });
});
