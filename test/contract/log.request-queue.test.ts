/**
 * Job: hold the one patch of kafkajs in place: an idle connection arms no timer, a throttled one does.
 */

import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import { describe, expect, it } from 'vitest';
import '../../topology/log-kafka-client.ts';

function queueOf(): RequestQueue {
  return new RequestQueue({
    maxInFlightRequests: null,
    requestTimeout: 1_000,
    enforceRequestTimeout: false,
    clientId: 'test',
    broker: 'none',
    logger: { debug: () => undefined },
  });
}

describe('the request queue of kafkajs, as patched', () => {
  it('arms no timer while nothing waits', () => {
    const queue = queueOf();
    queue.checkPendingRequests();
    expect(queue.throttleCheckTimeoutId).toBeNull();
  });

  it('sends what was held back once the throttle is over', async () => {
    const queue = queueOf();
    queue.maybeThrottle(30);
    let sent = false;
    queue.push({
      entry: {
        apiKey: 0,
        apiName: 'Produce',
        apiVersion: 7,
        correlationId: 1,
        resolve: () => undefined,
        reject: () => undefined,
      },
      expectResponse: true,
      requestTimeout: 1_000,
      sendRequest: () => {
        sent = true;
      },
    });
    expect(sent).toBe(false);
    expect(queue.throttleCheckTimeoutId).not.toBeNull();
    await expect.poll(() => sent).toBe(true);
    expect(queue.throttleCheckTimeoutId).toBeNull();
  });
});
