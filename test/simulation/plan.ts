/**
 * The input of one run: everything that is sent, when the broker appends it, and where the clock ticks.
 *
 * Job: put the facts of `facts.ts` and `uses.ts` on a time line of stages. A stage begins with a clock tick at which
 * something may fall due; the facts of a stage are appended after its tick and before the next.
 *
 * Invariants:
 *  1. Everything follows from the seed and the number of uses.
 *  2. Each month closes by two ticks, as in `infra/main-job/clock.ts`: one a millisecond before, which starts what is
 *     due until then, and one that closes. No fact comes between them.
 */
import { firstTick } from '../../infra/main-job/clock.ts';
import type { Random } from '../../infra/main-job/random.ts';
import { type Customer, customers, outcomeDefinitions, priceBooks } from '../../infra/main-job/world.ts';
import { billingPeriodOf } from '../../schemas/billing-period.ts';
import { type Instant, instantOfMillis } from '../../schemas/instant.ts';
import type { Publication } from '../../topology/publication.ts';
import { facts } from './facts.ts';
import { type SimulationOptions, streamOf } from './options.ts';
import { DAY_MS, type Sending } from './timeline.ts';
import { uses } from './uses.ts';

const HOUR_MS = 3_600_000;
/** How long after its end a month still takes charges. */
const CLOSE_GRACE_MS = 6 * HOUR_MS;

export interface PlannedStage {
  /** Null for the first, which holds the reference data. */
  readonly tick: Instant | null;
  readonly sendings: readonly Sending[];
}

export interface Plan {
  readonly options: SimulationOptions;
  readonly stages: readonly PlannedStage[];
  /** Ticks wait until everything before them is worked off; without that, only order-free sums can be foretold. */
  readonly isPaced: boolean;
}

export interface World {
  readonly people: readonly Customer[];
  readonly from: number;
  readonly until: number;
}

export function planOf(options: SimulationOptions): Plan {
  const random = streamOf(options.seed, 1);
  const anchor = instantOfMillis(Date.UTC(2026, 9 + random.below(6), 1 + random.below(28), random.below(24)));
  const job = { seed: options.seed, accounts: 2 + random.below(7), usageEvents: 0, anchor };
  const people = customers(job).map((customer) => varied(customer, random));
  const from = firstTick(anchor);
  const world = { people, from, until: anchor + random.below(25) * DAY_MS };
  const ticks = ticksOf(world, anchor, random);
  // A customer who is known only later has no credits that expire: which charges they pay would be chance.
  const late = random.chance(400)
    ? people.find(({ contract }) => contract.grants.every(({ expiresAt }) => expiresAt === null))
    : undefined;
  const onTime = people.filter((customer) => customer !== late);
  const reference: readonly Publication[] = [
    ...priceBooks(job, 1).map((value) => ({ topic: 'price-books', value }) as const),
    ...outcomeDefinitions(job).map((value) => ({ topic: 'outcome-definitions', value }) as const),
    ...onTime.flatMap(recordsOf),
  ];
  const later: Sending[] = [...uses(options, world, random), ...facts(world, random)];
  const span = world.until - world.from;
  if (late !== undefined) later.push(...sent(recordsOf(late), from + random.below(span)));
  if (random.chance(800)) {
    const books = priceBooks(job, 2).map((value) => ({ topic: 'price-books', value }) as const);
    later.push(...sent(books, from + random.below(span)));
  }
  const stages = staged(ticks, later, options.kinds.has('clock') ? random : null);
  return {
    options,
    stages: [{ tick: null, sendings: sent(reference, from - 1) }, ...stages],
    isPaced: !random.chance(150),
  };
}

function varied({ account, contract, currency }: Customer, random: Random): Customer {
  const plan = contract.outcomePlan;
  const outcomePlan = plan === null ? null : { ...plan, includedOutcomes: random.below(5) };
  return { account, currency, contract: { ...contract, outcomePlan } };
}

function recordsOf({ account, contract }: Customer): readonly Publication[] {
  return [
    { topic: 'accounts', value: account },
    { topic: 'contracts', value: contract },
  ];
}

function sent(publications: readonly Publication[], at: number): readonly Sending[] {
  return publications.map((publication, index) => ({ at, group: `reference ${index}`, publication }));
}

function ticksOf({ people, from, until }: World, anchor: Instant, random: Random): readonly Instant[] {
  const ticks = new Set<number>([from, anchor]);
  for (const zone of new Set(people.map(({ account }) => account.timeZone))) {
    for (let at = instantOfMillis(from); at < until; ) {
      const { end } = billingPeriodOf(at, zone);
      at = end;
      if (end + CLOSE_GRACE_MS > until) continue;
      ticks.add(end + CLOSE_GRACE_MS - 1);
      ticks.add(end + CLOSE_GRACE_MS);
    }
  }
  for (let extra = random.below(4); extra > 0; extra -= 1) ticks.add(from + random.below(until - from));
  return [...ticks].sort((a, b) => a - b).map(instantOfMillis);
}

/** Facts by the stage in which they are appended; the broker's clock jumps now and then. */
function staged(
  ticks: readonly Instant[],
  sendings: readonly Sending[],
  jumps: Random | null,
): PlannedStage[] {
  const stages = ticks.map((tick) => ({ tick, sendings: [] as Sending[] }));
  for (const sending of [...sendings].sort((a, b) => a.at - b.at)) {
    let index = ticks.findLastIndex((tick) => tick <= sending.at);
    while ((ticks[index + 1] ?? Number.POSITIVE_INFINITY) - (ticks[index] ?? 0) <= 1) index += 1;
    stages[Math.max(index, 0)]?.sendings.push(sending);
  }
  if (jumps === null) return stages;
  return stages.map(({ tick, sendings: inOrder }) => ({ tick, sendings: jumped(inOrder, jumps) }));
}

function jumped(sendings: readonly Sending[], random: Random): readonly Sending[] {
  let shift = 0;
  return sendings.map((sending) => {
    if (random.chance(20)) shift = random.pick([0, HOUR_MS, -HOUR_MS]);
    else if (shift !== 0 && random.chance(150)) shift = 0;
    return shift === 0 ? sending : { ...sending, at: sending.at + shift };
  });
}
