/**
 * A steady, seeded load: uses at a given rate, claims, verifications and payments through the gateway, and clock ticks.
 *
 * Boundary: knows what was acknowledged; whether it came out right is `round.ts`.
 *
 * Invariants:
 *  1. Nothing is given up: what was not acknowledged is sent again, so it may arrive twice and must count once.
 *  2. A batch is sent only after the one before was acknowledged, so a repeat or conflict never overtakes its original.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { firstTick } from '../../../infra/main-job/clock.ts';
import { postAll } from '../../../infra/main-job/gateway-client.ts';
import { anchorAt } from '../../../infra/main-job/job-file.ts';
import { outcomes, payments } from '../../../infra/main-job/outcomes.ts';
import { disturbed, generatedUses, type UsageItem } from '../../../infra/main-job/usage.ts';
import {
  type Customer,
  customers,
  type JobPlan,
  outcomeDefinitions,
  priceBooks,
} from '../../../infra/main-job/world.ts';
import { Counts } from '../../../infra/proof/sums.ts';
import { instantOfMillis } from '../../../schemas/instant.ts';
import { openKafkaLog } from '../../../topology/log-kafka.ts';
import { Publisher } from '../../../topology/publisher.ts';
import type { World } from './world.ts';

const ACCOUNTS = 200;
const BATCHES_PER_SECOND = 4;
const RETRY_PAUSE_MS = 200;
const GIVE_UP_MS = 180_000;
const SMALL_BATCH = 10;
const TICK_EVERY_BATCHES = 20;
const TICK_STEP_MS = 6 * 3_600_000;

export class Load {
  /** Uses that must be accepted, as `account/request`. */
  readonly acceptable = new Set<string>();
  /** All that was acknowledged, by fate. */
  readonly sent = new Counts();
  readonly #world: World;
  readonly #plan: JobPlan;
  readonly #publisher: Publisher;
  readonly #people: readonly Customer[];
  readonly #uses: Iterator<UsageItem>;
  readonly #sideFacts: Iterator<readonly [path: string, records: readonly object[]]>;
  readonly #close: () => Promise<void>;
  #ticks = 0;
  #batches = 0;
  #stopping = false;
  #running: Promise<void> = Promise.resolve();

  private constructor(
    world: World,
    plan: JobPlan,
    publishing: { readonly publisher: Publisher; readonly close: () => Promise<void> },
  ) {
    this.#world = world;
    this.#plan = plan;
    this.#publisher = publishing.publisher;
    this.#close = publishing.close;
    this.#people = customers(plan);
    this.#uses = disturbed(plan, generatedUses(plan, this.#people));
    this.#sideFacts = sideFacts(plan, this.#people);
  }

  /** Opens the load and publishes the reference data. */
  static async open(world: World, options: { readonly seed: number; readonly uses: number }): Promise<Load> {
    const { stack, directory } = world.system;
    const anchor = anchorAt(Date.now());
    const plan = { seed: options.seed, accounts: ACCOUNTS, usageEvents: options.uses, anchor };
    const log = openKafkaLog({
      brokers: [stack.kafkaBrokers],
      clientId: 'chaos-load',
      requestTimeoutMs: 10_000,
    });
    const publisher = await Publisher.open({
      log,
      directory,
      source: '/chaos',
      transactionalId: 'chaos-load',
      transactor: 'per_call',
    });
    const close = async (): Promise<void> => {
      await publisher.close();
      await log.close();
    };
    const load = new Load(world, plan, { publisher, close });
    await load.#referenceData();
    return load;
  }

  /** Feeds until `stop`. */
  start(usesPerSecond: number): void {
    this.#stopping = false;
    this.#running = this.#run(Math.ceil(usesPerSecond / BATCHES_PER_SECOND));
    this.#running.catch(() => undefined);
  }

  /** Resolves when everything that was begun is acknowledged; rejects when the system stopped taking records. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  async close(): Promise<void> {
    await this.#close();
  }

  async #referenceData(): Promise<void> {
    await this.#post('/v1/price-books', priceBooks(this.#plan, 1));
    await this.#post('/v1/outcome-definitions', outcomeDefinitions(this.#plan));
    await this.#post(
      '/v1/accounts',
      this.#people.map(({ account }) => account),
    );
    await this.#post(
      '/v1/contracts',
      this.#people.map(({ contract }) => contract),
    );
    await this.#tick();
  }

  async #run(batch: number): Promise<void> {
    while (!this.#stopping) {
      const begun = performance.now();
      await Promise.all([this.#sendUses(batch), this.#sendSideFacts()]);
      this.#batches += 1;
      if (this.#batches % TICK_EVERY_BATCHES === 0) await this.#tick();
      await pause(Math.max(0, 1_000 / BATCHES_PER_SECOND - (performance.now() - begun)));
    }
  }

  async #sendUses(count: number): Promise<void> {
    const items: UsageItem[] = [];
    while (items.length < count) {
      const { done, value } = this.#uses.next();
      if (done === true) throw new Error('the load is used up');
      items.push(value);
    }
    await persist('uses', () =>
      this.#publisher.publish(items.map(({ event: value }) => ({ topic: 'usage-events', value }))),
    );
    for (const { event, fate } of items) {
      this.sent.add(fate);
      if (fate === 'accepted') this.acceptable.add(`${event.accountId}/${event.requestId}`);
    }
  }

  async #sendSideFacts(): Promise<void> {
    const { done, value } = this.#sideFacts.next();
    if (done === true) return;
    const [path, records] = value;
    await this.#post(path, records);
    this.sent.add(path, records.length);
  }

  async #tick(): Promise<void> {
    const time = instantOfMillis(firstTick(this.#plan.anchor) + this.#ticks * TICK_STEP_MS);
    this.#ticks += 1;
    const value = { sequence: this.#ticks, time };
    await persist('a tick', () => this.#publisher.publishCopies([{ topic: 'clock-ticks', value }]));
  }

  async #post(path: string, records: readonly object[]): Promise<void> {
    const access = { ...this.#world.system.gateway, url: this.#world.gatewayUrl };
    await persist(path, () => postAll(access, path, records));
  }
}

/** Claims, verifications and payments in small portions, taking turns. */
function* sideFacts(
  plan: JobPlan,
  people: readonly Customer[],
): Generator<readonly [path: string, records: readonly object[]]> {
  const { claims, verifications } = outcomes(plan, people);
  const paid = payments(plan, people).map(({ verified: _, ...payment }) => payment);
  for (let at = 0; at < claims.length; at += SMALL_BATCH) {
    yield ['/v1/outcomes/claims', claims.slice(at, at + SMALL_BATCH)];
    yield ['/v1/outcomes/verifications', verifications.slice(at, at + SMALL_BATCH)];
    if (at < paid.length) yield ['/v1/payments', paid.slice(at, at + SMALL_BATCH)];
  }
}

/** Tries until it is acknowledged. */
async function persist(what: string, attempt: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + GIVE_UP_MS;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (performance.now() > deadline)
        throw new Error(`${what} could not be sent for ${GIVE_UP_MS} ms`, { cause: error });
    }
    await pause(RETRY_PAUSE_MS);
  }
}
