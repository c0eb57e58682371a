/**
 * How many batches of uses the gateway took, failed and refused, from its metrics.
 *
 * Boundary: what one gateway process has answered since it started. A batch that never reached it, and batches that
 * producers write to the topic themselves, are not in there; what those lost shows as a gap of their source.
 */
import { z } from 'zod';
import type { Batches } from './thresholds.ts';

const PATH = '/v1/usage';
const TIMEOUT_MS = 5_000;
const SAMPLE = /^gateway_requests_total\{([^}]*)\} (\d+)$/;

export type GatewayBatches =
  | { readonly measured: true; readonly batches: Batches }
  | { readonly measured: false; readonly reason: string };

export async function gatewayBatches(url: string | null): Promise<GatewayBatches> {
  if (url === null)
    return { measured: false, reason: 'no gateway is known: set GATEWAY_URL and GATEWAY_API_KEY' };
  try {
    const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!answer.ok) return { measured: false, reason: `${url}/metrics answers ${answer.status}` };
    return { measured: true, batches: batchesIn(await answer.text()) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { measured: false, reason: `${url}/metrics does not answer: ${reason}` };
  }
}

export function batchesIn(metrics: string): Batches {
  const found = { taken: 0, failed: 0, refused: 0 };
  for (const line of metrics.split('\n')) {
    const [, labels, count] = SAMPLE.exec(line) ?? [];
    if (labels === undefined || !labels.includes(`path="${PATH}"`)) continue;
    const status = z.coerce.number().parse(/status="(\d+)"/.exec(labels)?.[1]);
    found[status >= 500 ? 'failed' : status >= 400 ? 'refused' : 'taken'] += Number(count);
  }
  return found;
}
