/**
 * What the chaos program breaks, one function a kind; each ends when what it broke works again.
 *
 * Boundary: breaks and mends; it judges only what nobody else can see later (a frozen owner that was never fenced).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { waitUntil } from '../../../infra/embedded/wait.ts';
import type { Random } from '../../../infra/main-job/random.ts';
import { LogError } from '../../../topology/log.ts';
import { SERVICES, serviceTopics } from '../../../topology/topics.ts';
import { type ApiName, TRANSACTION_APIS } from '../kafka-frames.ts';
import { ELASTIC, PARTITIONS, type World } from './world.ts';

/** Says what it did; null when there was nothing to break just then. */
type Fault = (world: World, random: Random) => Promise<string | null>;

const STRIKE_TIMEOUT_MS = 15_000;
const FENCED_TIMEOUT_MS = 60_000;
const RECOVERY_TIMEOUT_MS = 60_000;
const CUT_APIS: readonly ApiName[] = [...TRANSACTION_APIS[2], 'Fetch'];
const FIXED = SERVICES.filter((service) => service !== ELASTIC);

/** How long after each kill of the broker the money path committed again. */
export const recoveriesMs: number[] = [];

export const FAULTS: Readonly<Record<string, Fault>> = {
  service_killed: async (world, random) => {
    const [name, part] = random.pick([...world.services]);
    await part.kill('SIGKILL');
    await part.restart();
    return name;
  },

  owner_frozen: async (world, random) => {
    const name = random.pick(FIXED);
    const owner = world.services.get(name);
    if (owner === undefined || owner.pid === null) return null;
    await owner.kill('SIGSTOP');
    const next = world.another(name);
    await next.start();
    await pause(random.below(2_000));
    await owner.kill('SIGCONT');
    const isFenced = await waitUntil(async () => owner.pid === null, { timeoutMs: FENCED_TIMEOUT_MS });
    await next.stop();
    await owner.restart();
    if (!isFenced)
      throw new Error(`${name} was frozen, replaced and woken, and still ran after ${FENCED_TIMEOUT_MS} ms`);
    return name;
  },

  group_rebalanced: async (world, random) => {
    const member = world.another(ELASTIC);
    await member.start();
    await pause(1_000 + random.below(2_000));
    const isKilled = random.chance(300);
    await (isKilled ? member.kill('SIGKILL') : member.stop());
    return isKilled ? 'a member joined and was killed' : 'a member joined and left';
  },

  broker_killed: async (world) => {
    await restartBroker(world, () => world.system.stack.parts.kafka.kill('SIGKILL'));
    return 'broker';
  },

  broker_killed_in_abort: async (world, random) => {
    const clientId = `ledger-${random.pick(SERVICES)}`;
    const { kafka } = world.system.stack.parts;
    void world.cuts.arm({ api: 'EndTxn', at: 'request', clientId });
    const struck = world.cuts.arm(
      { api: 'InitProducerId', at: 'reply', clientId },
      { meanwhile: () => kafka.kill('SIGKILL') },
    );
    if (!(await within(struck))) return missed(world);
    await restartBroker(world, async () => undefined);
    return clientId;
  },

  clickhouse_killed: async (world, random) => {
    const { clickhouse } = world.system.stack.parts;
    await clickhouse.kill('SIGKILL');
    await pause(random.below(4_000));
    await clickhouse.restart();
    return 'clickhouse';
  },

  clickhouse_frozen: async (world, random) => {
    const { pid } = world.system.stack.parts.clickhouse;
    if (pid === null) return null;
    process.kill(pid, 'SIGSTOP');
    await pause(1_000 + random.below(4_000));
    process.kill(pid, 'SIGCONT');
    return 'clickhouse';
  },

  connection_cut: async (world, random) => {
    const aim = {
      api: random.pick(CUT_APIS),
      at: random.pick(['request', 'reply'] as const),
      clientId: `ledger-${random.pick(SERVICES)}`,
      nth: 1 + random.below(3),
    };
    // An identity is asked for only by somebody who lost one.
    if (aim.api === 'InitProducerId') void world.cuts.arm({ ...aim, api: 'EndTxn', nth: 1 });
    if (!(await within(world.cuts.arm({ ...aim, nth: aim.api === 'InitProducerId' ? 1 : aim.nth }))))
      return missed(world);
    return `${aim.clientId} at the ${aim.at} of ${aim.api}`;
  },

  commit_late: async (world, random) => {
    const clientId = `ledger-${random.pick(SERVICES)}`;
    const keeping = world.cuts.keep({ api: 'EndTxn', clientId });
    if (!(await within(keeping))) return missed(world);
    const late = await keeping;
    const deliver = async (): Promise<void> => void (await late.deliver());
    const struck = world.cuts.arm(
      { api: 'Produce', at: 'reply', clientId },
      { verdict: { kind: 'forward' }, meanwhile: deliver },
    );
    return (await within(struck)) ? clientId : missed(world);
  },

  answers_delayed: async (world, random) => {
    const clientId = `ledger-${random.pick(SERVICES)}`;
    const api = random.pick(CUT_APIS.filter((name) => name !== 'InitProducerId'));
    const verdict = { kind: 'delay', ms: 100 + random.below(1_500) } as const;
    const struck = world.cuts.arm({ api, at: 'reply', clientId }, { verdict });
    return (await within(struck)) ? `${clientId}, ${api}, ${verdict.ms} ms` : missed(world);
  },
};

async function restartBroker(world: World, kill: () => Promise<void>): Promise<void> {
  const killedAt = performance.now();
  await kill();
  await world.system.stack.parts.kafka.restart();
  let before: number | null = null;
  const goesOn = async (): Promise<boolean> => {
    const steps = await stepsOf(world);
    before ??= steps;
    return steps !== null && before !== null && steps > before;
  };
  if (!(await waitUntil(goesOn, { timeoutMs: RECOVERY_TIMEOUT_MS }))) {
    throw new Error(`nothing was rated for ${RECOVERY_TIMEOUT_MS} ms after the broker came back`);
  }
  recoveriesMs.push(performance.now() - killedAt);
}

/** Null while the broker has no leader for one of the partitions yet, which takes it longer on a busy machine. */
async function stepsOf({ system }: World): Promise<number | null> {
  const topic = serviceTopics(ELASTIC).steps;
  const places = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }));
  try {
    const bounds = await system.log.bounds(places);
    return bounds.reduce((sum, { end }) => sum + end, 0);
  } catch (error) {
    if (error instanceof LogError && error.kind === 'retriable') return null;
    throw error;
  }
}

async function within(struck: Promise<unknown>): Promise<boolean> {
  const late = new AbortController();
  const inTime = struck.then(() => true);
  const timeUp = pause(STRIKE_TIMEOUT_MS, false, { signal: late.signal }).catch(() => false);
  const first = await Promise.race([inTime, timeUp]);
  late.abort();
  return first;
}

function missed(world: World): null {
  world.cuts.disarm();
  return null;
}
