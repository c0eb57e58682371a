/** What the gateway counts, in a registry of its own, so that two gateways in one process do not add up. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const PUBLISH_BUCKETS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

export class GatewayMetrics {
  readonly registry = new Registry();
  readonly #requests = this.#counter('gateway_requests_total', 'Requests answered', ['path', 'status']);
  readonly #accepted = this.#counter('gateway_records_accepted_total', 'Records acknowledged', ['topic']);
  readonly #refused = this.#counter('gateway_records_refused_total', 'Complaints about records', [
    'topic',
    'code',
  ]);
  readonly #publishMs = new Histogram({
    name: 'gateway_publish_ms',
    help: 'Milliseconds from a readable request to the acknowledgement of the log',
    labelNames: ['topic'],
    buckets: PUBLISH_BUCKETS_MS,
    registers: [this.registry],
  });

  constructor(held: () => number) {
    new Gauge({
      name: 'gateway_records_held',
      help: 'Records that wait to be written or are being written',
      registers: [this.registry],
      collect() {
        this.set(held());
      },
    });
  }

  answered(path: string, status: number): void {
    this.#requests.inc({ path, status });
  }

  accepted(topic: string, records: number, publishMs: number): void {
    this.#accepted.inc({ topic }, records);
    this.#publishMs.observe({ topic }, publishMs);
  }

  refused(topic: string, codes: readonly string[]): void {
    for (const code of codes) this.#refused.inc({ topic, code });
  }

  #counter<T extends string>(name: string, help: string, labelNames: readonly T[]): Counter<T> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }
}
