/**
 * Publishes the main job: reference data, then uses, claims, verifications and payments side by side.
 *
 * Boundary: counts what was acknowledged by fate; whether it came out right is the proof's question.
 *
 * Invariants:
 *  1. Uses go out in the order of their list; a batch is sent only after the one before was acknowledged, so a
 *     duplicate never overtakes its original.
 *  2. The same plan feeds the same uses, whenever and however often it is run; who sends them under which number, and
 *     when, is no part of a use.
 */
import type { UsageEvent } from '../../schemas/generated/usage-event.ts';
import type { SchemaDirectory } from '../../schemas/schema-directory.ts';
import type { Log } from '../../topology/log.ts';
import type { Publisher } from '../../topology/publisher.ts';
import { Counts } from '../proof/sums.ts';
import { type GatewayAccess, postAll } from './gateway-client.ts';
import type { Numbering } from './numbering.ts';
import { outcomes, payments } from './outcomes.ts';
import { poison } from './poison.ts';
import { disturbed, type UsageItem } from './usage.ts';
import { type Customer, type JobPlan, outcomeDefinitions, priceBooks } from './world.ts';

const BATCH = 1_000;
/** One batch in this many goes through the gateway as JSON; the others come from Avro producers. */
const GATEWAY_EVERY = 20;

export interface FeedTarget {
  readonly log: Log;
  readonly directory: SchemaDirectory;
  readonly publisher: Publisher;
  readonly gateway: GatewayAccess;
}

export interface FeedOptions {
  readonly plan: JobPlan;
  readonly customers: readonly Customer[];
  readonly uses: Iterable<UsageEvent> | AsyncIterable<UsageEvent>;
  /** Called after every batch with the number of uses sent. */
  readonly onProgress: (sent: number) => void | Promise<void>;
}

export async function feedReferenceData(target: FeedTarget, options: FeedOptions): Promise<void> {
  const { gateway } = target;
  const { plan, customers } = options;
  await postAll(gateway, '/v1/price-books', priceBooks(plan, 1));
  await postAll(gateway, '/v1/outcome-definitions', outcomeDefinitions(plan));
  await postAll(
    gateway,
    '/v1/accounts',
    customers.map(({ account }) => account),
  );
  await postAll(
    gateway,
    '/v1/contracts',
    customers.map(({ contract }) => contract),
  );
}

/** Uses, with claims, verifications and payments sent meanwhile; returns what was sent to usage-events by fate. */
export async function feedFacts(
  target: FeedTarget,
  options: FeedOptions,
  numbering: Numbering,
): Promise<Counts> {
  const { plan, customers } = options;
  const { gateway } = target;
  const { claims, verifications } = outcomes(plan, customers);
  const paid = payments(plan, customers).map(({ verified: _, ...payment }) => payment);
  const [sent] = await Promise.all([
    feedUses(target, options, numbering),
    postAll(gateway, '/v1/outcomes/verifications', verifications),
    postAll(gateway, '/v1/outcomes/claims', claims),
    postAll(gateway, '/v1/payments', paid),
  ]);
  return sent;
}

/** A price for a model whose uses wait in suspense. */
export async function feedLatePrice(target: FeedTarget, options: Pick<FeedOptions, 'plan'>): Promise<void> {
  await postAll(target.gateway, '/v1/price-books', priceBooks(options.plan, 2));
}

async function feedUses(target: FeedTarget, options: FeedOptions, numbering: Numbering): Promise<Counts> {
  const sent = new Counts();
  let total = 0;
  let batches = 0;
  const flush = async (items: readonly UsageItem[]): Promise<void> => {
    const isForGateway =
      batches % GATEWAY_EVERY === 0 && items.every(({ fate }) => isAcceptedByGateway(fate));
    const events = numbering.send(items.map(({ event }) => event));
    await (isForGateway ? postAll(target.gateway, '/v1/usage', events) : directly(target, events));
    for (const { fate } of items) sent.add(fate);
    batches += 1;
    total += items.length;
    await options.onProgress(total);
  };
  let items: UsageItem[] = [];
  for (const item of disturbed(options.plan, await collected(options.uses))) {
    items.push(item);
    if (items.length < BATCH) continue;
    await flush(items);
    items = [];
    if (batches === 1) await feedPoison(target, item.event, sent);
  }
  if (items.length > 0) await flush(items);
  return sent;
}

/** The gateway refuses at once what admission would refuse later; only what it lets through is sent there. */
function isAcceptedByGateway(fate: string): boolean {
  return fate === 'accepted' || fate === 'duplicate' || fate === 'conflict';
}

async function directly(target: FeedTarget, events: readonly UsageEvent[]): Promise<void> {
  await target.publisher.publish(events.map((value) => ({ topic: 'usage-events', value })));
}

async function feedPoison(target: FeedTarget, event: UsageEvent, sent: Counts): Promise<void> {
  const partitions = await target.log.partitionCount('usage-events');
  const unnumbered = { ...event, requestId: 'poisoned', sourceId: null, sourceSequence: null };
  const bad = poison(unnumbered, target.directory, partitions);
  await target.log.append(bad.map(({ record }) => record));
  for (const { code } of bad) sent.add(code);
}

async function collected(uses: FeedOptions['uses']): Promise<Iterable<UsageEvent>> {
  if (Symbol.iterator in uses) return uses;
  const all: UsageEvent[] = [];
  for await (const use of uses) all.push(use);
  return all;
}
