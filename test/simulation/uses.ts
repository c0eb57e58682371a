/**
 * Uses of models with everything that goes wrong in real feeds: repeats, conflicts, ids that two accounts share, clocks
 * of senders that are late or ahead, values no service accepts, bytes nobody can read.
 *
 * Boundary: pure and seeded. What must become of each is worked out by the auditor from what was sent, not here.
 */
import { LATE_MODEL, MODELS, UNPRICED_MODEL } from '../../infra/main-job/models.ts';
import type { Random } from '../../infra/main-job/random.ts';
import type { UsageEvent } from '../../schemas/generated/usage-event.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import type { SimulationOptions } from './options.ts';
import { DAY_MS, type Sending, type World } from './timeline.ts';

const MINUTE_MS = 60_000;
const AGE_MAX_MS = 35 * DAY_MS;
const AHEAD_MAX_MS = 5 * MINUTE_MS;
const RECENT = 60;
/** Ids come again only as long as they are surely remembered: admission forgets them some days after the age limit. */
const AGAIN_MAX_MS = 30 * DAY_MS;

type Spoil = (event: UsageEvent, at: number) => Partial<UsageEvent>;

const SPOILS: readonly Spoil[] = [
  () => ({ costCentre: ' ' }),
  () => ({ kind: 'telepathy' }),
  () => ({ outputTokens: -1 }),
  ({ inputTokens }) => ({ cacheReadTokens: inputTokens + 1 }),
  () => ({ occurredAt: instantOfMillis(0) }),
  (_, at) => ({ occurredAt: instantOfMillis(at - AGE_MAX_MS - 1) }),
  (_, at) => ({ occurredAt: instantOfMillis(at + AHEAD_MAX_MS + 1) }),
];

export function uses(options: SimulationOptions, world: World, random: Random): readonly Sending[] {
  const sendings: Sending[] = [];
  const recent: Recent[] = [];
  const span = world.until - world.from;
  for (let index = 0; index < options.events; index += 1) {
    const at = world.from + Math.floor((span * index) / options.events) + random.below(1_000);
    const event = use({ index, at, world, random });
    add(sendings, event, at, random);
    recent[index < RECENT ? index : random.below(RECENT)] = { event, at };
    for (const other of disturbances(event, { recent, at, random })) {
      add(sendings, other, at + random.below(10 * MINUTE_MS), random);
    }
    if (random.chance(2)) {
      const poisonOf = { topic: 'usage-events', value: { ...event, requestId: `poison-${index}` } } as const;
      sendings.push({ at, group: `poison ${index}`, poisonOf });
    }
  }
  return sendings;
}

function add(sendings: Sending[], event: UsageEvent, at: number, random: Random): void {
  const publication = { topic: 'usage-events', value: event } as const;
  const group = `use ${event.accountId} ${event.requestId}`;
  sendings.push(random.chance(30) ? { at, group, foreign: publication } : { at, group, publication });
}

interface Recent {
  readonly event: UsageEvent;
  readonly at: number;
}

function disturbances(
  event: UsageEvent,
  { recent, at, random }: { recent: readonly Recent[]; at: number; random: Random },
): readonly UsageEvent[] {
  const found: UsageEvent[] = [];
  const known = recent.filter((other) => other.at > at - AGAIN_MAX_MS);
  if (random.chance(60)) found.push(random.pick(known).event);
  if (random.chance(15)) {
    const original = random.pick(known).event;
    found.push({ ...original, outputTokens: original.outputTokens + 1 });
  }
  if (random.chance(15)) {
    // Half of them under an id that a good use has, or will have.
    const requestId = random.chance(500) ? event.requestId : `spoiled-${event.requestId}`;
    found.push({ ...event, requestId, ...random.pick(SPOILS)(event, at) });
  }
  return found;
}

function use(draws: { index: number; at: number; world: World; random: Random }): UsageEvent {
  const { index, random, world } = draws;
  const { account } = world.people[random.skewed(world.people.length)] ?? random.pick(world.people);
  const inputTokens = random.chance(20) ? 200_000 + random.below(3) - 1 : random.below(20_000);
  const cacheReadTokens = random.chance(300) ? random.below(inputTokens + 1) : 0;
  return {
    // Accounts share some ids, and now and then one account uses an id again.
    requestId: random.chance(10)
      ? `shared-${Math.floor(draws.at / AGAIN_MAX_MS)}-${random.below(9)}`
      : `req-${index}`,
    accountId: account.accountId,
    projectId: null,
    apiKeyId: 'key-1',
    kind: 'model',
    ...modelOf(random),
    serviceTier: random.chance(10) ? 'priority' : 'standard',
    inputTokens,
    outputTokens: random.chance(20) ? 0 : random.below(3_000),
    cacheReadTokens,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    calls: 1,
    characters: 0,
    gpuMillis: 0,
    latencyMs: 100 + random.below(5_000),
    status: 'success',
    errorCode: null,
    occurredAt: instantOfMillis(draws.at - latenessOf(random)),
    sessionId: null,
    traceId: `trace-${index}`,
    businessUnit: 'support',
    costCentre: `cc-${random.below(3)}`,
    useCase: 'simulation',
    workflowStep: 'answer',
    riskTier: 'low',
    environment: 'production',
    userRole: 'agent',
    routePolicyVersion: 'route-7',
    cacheStatus: cacheReadTokens > 0 ? 'hit' : 'miss',
    businessOutcomeId: null,
    sourceId: null,
    sourceSequence: null,
    sentAt: null,
    backfill: random.chance(10),
  };
}

/** How long before its append a use took place; the edges of what is accepted are among them. */
function latenessOf(random: Random): number {
  if (random.chance(800)) return random.below(10 * MINUTE_MS);
  if (random.chance(700)) return random.below(2 * DAY_MS);
  if (random.chance(900)) return random.below(AGE_MAX_MS + DAY_MS);
  return random.pick([AGE_MAX_MS, AGE_MAX_MS + 1, -AHEAD_MAX_MS, -AHEAD_MAX_MS - 1, -MINUTE_MS]);
}

function modelOf(random: Random): { readonly provider: string; readonly model: string } {
  if (random.chance(30)) return LATE_MODEL;
  if (random.chance(10)) return UNPRICED_MODEL;
  const { provider, model } = random.pick(MODELS);
  return { provider, model };
}
