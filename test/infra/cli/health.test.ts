/**
 * `ledger health`: the thresholds at their edges, the gateway's counts, the exit code, and what a person reads. The
 * numbers themselves are tested on the analytics engine (analytics-sources.test.ts).
 */
import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import type { SourceNumbers } from '../../../infra/analytics/sources.ts';
import type { Analytics } from '../../../infra/cli/analytics.ts';
import { type HealthOptions, health } from '../../../infra/cli/commands/health.ts';
import { batchesIn, gatewayBatches } from '../../../infra/cli/health/gateway-batches.ts';
import {
  batchVerdict,
  delayVerdict,
  lossVerdict,
  totalLoss,
  type Verdict,
} from '../../../infra/cli/health/thresholds.ts';
import { GatewayMetrics } from '../../../services/gateway/metrics.ts';
import { newGraph } from '../../support/memory-graph.ts';
import { fakeContext, throughJson } from './cli-support.ts';

function source(last: number, missing: number, sourceId = 'svc-1'): SourceNumbers {
  return { sourceId, first: 1, last, received: last - missing, missing, lastDay: '2026-11-22' };
}

describe('thresholds', () => {
  test.each([
    [1_000, 0, 'ok'],
    [1_001, 1, 'ok'],
    [1_000, 1, 'broken'],
    [999, 1, 'broken'],
    [2 ** 53 - 2, 2 ** 53 - 3, 'broken'],
  ] as const)('of %i sends %i missing is %s', (last, missing, verdict: Verdict) => {
    expect(lossVerdict(source(last, missing))).toBe(verdict);
  });

  test('one lossy source breaks the threshold, however many are whole', () => {
    const whole = Array.from({ length: 50 }, (_, index) => source(100_000, 0, `whole-${index}`));
    const loss = totalLoss([source(100, 1), ...whole]);
    expect(loss).toMatchObject({ sources: 51, missing: '1', received: '5000099', brokenSources: 1 });
    expect(loss.verdict).toBe('broken');
    expect(totalLoss(whole).verdict).toBe('ok');
    expect(totalLoss([])).toMatchObject({ rate: null, verdict: 'not measured' });
  });

  test.each([
    [null, 'not measured'],
    [99, 'ok'],
    [100, 'broken'],
  ] as const)('a p95 of %s ms is %s', (p95, verdict: Verdict) => {
    expect(delayVerdict(p95)).toBe(verdict);
  });

  test.each([
    [null, 'not measured'],
    [{ taken: 0, failed: 0, refused: 5 }, 'not measured'],
    [{ taken: 1_000, failed: 1, refused: 0 }, 'ok'],
    [{ taken: 999, failed: 1, refused: 50 }, 'broken'],
    [{ taken: 5, failed: 0, refused: 3 }, 'ok'],
  ] as const)('batches %o are %s', (batches, verdict: Verdict) => {
    expect(batchVerdict(batches)).toBe(verdict);
  });
});

/** The gateway's own metrics after these answers. */
async function metricsOf(answers: readonly (readonly [path: string, status: number])[]): Promise<string> {
  const metrics = new GatewayMetrics(() => 0);
  for (const [path, status] of answers) metrics.answered(path, status);
  return metrics.registry.metrics();
}

const ANSWERS = [
  ['/v1/usage', 202],
  ['/v1/usage', 202],
  ['/v1/usage', 503],
  ['/v1/usage', 500],
  ['/v1/usage', 422],
  ['/v1/payments', 500],
  ['/metrics', 200],
] as const;

let server: Server | null = null;
afterEach(() => server?.close());

/** A gateway of which only the metrics answer. */
async function gatewayWith(status: number, body: string): Promise<string> {
  const listening = createServer((_request, response) => response.writeHead(status).end(body));
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const address = listening.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

describe('batches of the gateway', () => {
  test('are its answers to posts of uses: taken, failed, refused', async () => {
    expect(batchesIn(await metricsOf(ANSWERS))).toEqual({ taken: 2, failed: 2, refused: 1 });
    expect(batchesIn(await metricsOf([]))).toEqual({ taken: 0, failed: 0, refused: 0 });
  });

  test('are not measured where no gateway is known, none answers, or not with metrics', async () => {
    expect(await gatewayBatches(null)).toMatchObject({ measured: false });
    expect(await gatewayBatches('http://127.0.0.1:9')).toMatchObject({ measured: false });
    expect(await gatewayBatches(await gatewayWith(404, ''))).toMatchObject({ measured: false });
    const url = await gatewayWith(200, await metricsOf(ANSWERS));
    expect(await gatewayBatches(url)).toEqual({
      measured: true,
      batches: { taken: 2, failed: 2, refused: 1 },
    });
  });
});

const OPTIONS: HealthOptions = { gapsMax: 2, waitMs: 0 };
const FAST = { uses: '10', timed: '10', ahead: '0', p50Ms: 3, p95Ms: 40, p99Ms: 60 };

/** Answers each question as ClickHouse would, through the question's own row type. */
function answering(rows: {
  readonly sources: readonly SourceNumbers[];
  readonly gaps?: object;
  readonly delay?: object;
}): Partial<Analytics> {
  return {
    async select({ query, row }) {
      const answer = query.includes('bitmapToArray')
        ? [rows.gaps ?? { ranges: [], count: '0' }]
        : query.includes('bitmapCardinality')
          ? rows.sources
          : query.includes('quantilesTiming')
            ? [{ sourceId: query.includes('GROUP BY') ? 'svc-1' : '', ...FAST, ...rows.delay }]
            : [];
      return answer.map((each) => row.parse(each));
    },
  };
}

async function healthOf(rows: Parameters<typeof answering>[0], gatewayUrl?: string) {
  const graph = await newGraph({ seed: 1, uses: 1 });
  const gateway = gatewayUrl === undefined ? null : { url: gatewayUrl, apiKey: 'k', paymentSecret: null };
  const context = fakeContext({ ...graph, analytics: answering(rows), settings: { gateway } });
  const report = await health(context, OPTIONS);
  return { exitCode: report.exitCode, data: throughJson(report.data), text: report.render() };
}

describe('the command', () => {
  test('is well when nothing is missing, and says what it could not measure', async () => {
    const { exitCode, data, text } = await healthOf({ sources: [source(1_000, 0)] });
    expect(exitCode).toBe(0);
    expect(data).toMatchObject({
      ok: true,
      behind: false,
      loss: { verdict: 'ok', rate: 0 },
      delay: { verdict: 'ok', p95Ms: 40 },
      batches: { verdict: 'not measured' },
      sources: [{ sourceId: 'svc-1', verdict: 'ok', gaps: { count: 0 }, delay: { p99Ms: 60 } }],
    });
    expect(text).toMatch(/not measured\s+batch success\s+no gateway is known/);
    expect(text).not.toContain('missing of');
  });

  test('names the gaps of a lossy source, counts the rest, and fails', async () => {
    const gaps = {
      ranges: [
        ['17', '17'],
        ['40', '45'],
      ],
      count: '5',
    };
    const { exitCode, data, text } = await healthOf({ sources: [source(100, 10)], gaps });
    expect(exitCode).toBe(1);
    expect(data).toMatchObject({ ok: false, loss: { verdict: 'broken', rate: 0.1 } });
    expect(text).toContain('missing of svc-1: 17, 40-45, and 3 gaps more');
    expect(text).toMatch(/broken\s+svc-1\s+1\s+100\s+90\s+10\s+10\.0000 %\s+3\s+40\s+60/);
  });

  test('fails on a slow p95 and on failed batches', async () => {
    const slow = await healthOf({ sources: [], delay: { p95Ms: 100 } });
    expect([slow.exitCode, slow.data]).toMatchObject([1, { delay: { verdict: 'broken' } }]);
    const url = await gatewayWith(200, await metricsOf(ANSWERS));
    const failing = await healthOf({ sources: [] }, url);
    expect([failing.exitCode, failing.data]).toMatchObject([1, { batches: { verdict: 'broken' } }]);
    expect(failing.text).toContain('2 taken, 2 failed (1 refused as wrong)');
  });

  test('where nothing is numbered or timed nothing is broken, and it says so', async () => {
    const nothing = { timed: '0', p50Ms: null, p95Ms: null, p99Ms: null };
    const { exitCode, text } = await healthOf({ sources: [], delay: nothing });
    expect(exitCode).toBe(0);
    expect(text).toContain('no use carries a number');
    expect(text).toContain('no use says when it was sent');
  });

  test('says when records are still on their way', async () => {
    const graph = await newGraph({ seed: 1, uses: 1 });
    await graph.log.append([
      { topic: 'usage-events', partition: 0, key: Buffer.from('a'), value: Buffer.from('x') },
    ]);
    const context = fakeContext({ ...graph, analytics: answering({ sources: [source(10, 1)] }) });
    const report = await health(context, OPTIONS);
    expect(throughJson(report.data)).toMatchObject({ behind: true });
    expect(report.render()).toContain('still on their way');
  });
});
