/**
 * One run: the whole graph on one log in memory, fed with a plan while everything that may go wrong goes wrong.
 *
 * Invariants:
 *  1. The plan, the seed and the options decide everything, also which await of which task is resumed next.
 *  2. A run ends at rest: all input is worked off, every zombie has woken up and found itself replaced.
 */

import type { Random } from '../../infra/main-job/random.ts';
import type { Counts } from '../../infra/proof/sums.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import type { Log } from '../../topology/log.ts';
import { MemoryLog } from '../../topology/log-memory.ts';
import { SERVICES, serviceTopics, TOPICS } from '../../topology/topics.ts';
import type { Sent } from './audit/sent.ts';
import { Chaos } from './chaos.ts';
import { Crew } from './crew.ts';
import { Fence } from './fragile-log.ts';
import type { Life } from './life.ts';
import { type SimulationOptions, streamOf } from './options.ts';
import type { Plan, PlannedStage } from './plan.ts';
import { Scheduler } from './scheduler.ts';
import { Sender } from './sending.ts';
import { DAY_MS, type Sending } from './timeline.ts';

export const PARTITIONS = 2;

/** One for all runs, since building its types costs more than a run; each life still loads what it did not know. */
const directory = new MemorySchemaDirectory();
directory.writerSchema(0);

export interface Run {
  readonly log: MemoryLog;
  readonly directory: MemorySchemaDirectory;
  readonly sent: readonly Sent[];
  /** Schemas of other writers that were used. */
  readonly foreignIds: ReadonlySet<number>;
  /** Tasks in memory at the end. */
  readonly lives: readonly Life[];
  readonly faults: Counts;
  /** Former owners that were refused. */
  readonly fenced: number;
  readonly violations: readonly string[];
}

export interface RunChoices {
  /** Which stream of chance decides scheduling and faults; the input is the same for all. */
  readonly stream: number;
  readonly faults: Pick<SimulationOptions, 'kinds' | 'faultsMax'>;
  /** Whether what a stage sends comes in another order. */
  readonly isShuffled: boolean;
  /** Breaks the log on purpose, to see that the audit notices. */
  readonly breakage?: (log: MemoryLog) => Log;
}

export async function run(plan: Plan, choices: RunChoices): Promise<Run> {
  const random = streamOf(plan.options.seed, choices.stream);
  const chaos = new Chaos(random, choices.faults);
  const scheduler = new Scheduler();
  const sender = new Sender(directory, PARTITIONS);
  const log = new MemoryLog({
    now: () => sender.clock.now,
    faults: (point) => (scheduler.current === null ? 'none' : chaos.faultAt(point)),
    // Nothing waits for time here: whoever waits is woken at once and may find nothing.
    schedule: (_, wake) => {
      queueMicrotask(wake);
      return () => undefined;
    },
    pause: async () => scheduler.current?.park('written'),
  });
  await log.admin.createTopics(topics());
  const fence = new Fence();
  const stage = { log, directory, foreign: sender.foreignIds, scheduler, chaos, fence, random };
  const crew = new Crew({ ...stage, tasksLog: choices.breakage?.(log) ?? log }, PARTITIONS);
  await crew.begin();
  const feeder = new Feeder({ plan, choices, random, sender, log, crew });
  await feeder.feedAll();
  await crew.settle();
  return {
    log,
    directory,
    sent: sender.sent,
    foreignIds: sender.foreignIds,
    lives: crew.tasks(),
    faults: chaos.counts,
    fenced: fence.refused,
    violations: [...fence.violations, ...crew.violations],
  };
}

function topics() {
  const derived = SERVICES.flatMap((service) => Object.values(serviceTopics(service)));
  const names = [...Object.keys(TOPICS), ...derived];
  return names.map((name) => ({ name, partitions: PARTITIONS, replicationFactor: 1, config: {} }));
}

interface Feeding {
  readonly plan: Plan;
  readonly choices: RunChoices;
  readonly random: Random;
  readonly sender: Sender;
  readonly log: MemoryLog;
  readonly crew: Crew;
}

class Feeder {
  readonly #feeding: Feeding;
  #ticks = 0;

  constructor(feeding: Feeding) {
    this.#feeding = feeding;
  }

  async feedAll(): Promise<void> {
    const { plan, crew, sender } = this.#feeding;
    for (const stage of this.#stages()) {
      sender.beginStage();
      if (stage.tick !== null) await this.#tick(stage.tick);
      if (plan.isPaced) await crew.rest();
      await this.#feedFacts(stage.sendings);
      if (!plan.isPaced || stage.sendings.length === 0) continue;
      await crew.rest();
      // What was due when it arrived falls due with the next tick, whatever its time; here that tick is.
      if (stage.tick !== null) await this.#tick(stage.tick);
      await crew.rest();
    }
  }

  /** Without pacing some ticks never come and some change places. */
  #stages(): readonly PlannedStage[] {
    const { plan, random } = this.#feeding;
    if (plan.isPaced) return plan.stages;
    const stages = [...plan.stages];
    for (let index = 1; index + 1 < stages.length; index += 1) {
      const [here, next] = [stages[index], stages[index + 1]];
      if (here === undefined || next === undefined) continue;
      if (random.chance(100)) stages[index] = { ...here, tick: null };
      else if (random.chance(200)) {
        stages[index] = { ...here, tick: next.tick };
        stages[index + 1] = { ...next, tick: here.tick };
      }
    }
    return stages;
  }

  /** Sends in chunks of any size while the tasks work, with late and repeated ticks in between. */
  async #feedFacts(planned: readonly Sending[]): Promise<void> {
    const { choices, random, sender, log, crew } = this.#feeding;
    const sendings = choices.isShuffled ? shuffledByGroup(planned, random) : planned;
    for (let next = 0; next < sendings.length; ) {
      for (let chunk = 1 + random.skewed(120); chunk > 0; chunk -= 1) {
        const sending = sendings[next];
        if (sending === undefined) break;
        await sender.send(log, sending);
        next += 1;
      }
      const { streamTime } = sender;
      if (streamTime !== null && random.chance(60)) {
        await this.#tick(streamTime - (random.chance(500) ? 0 : random.below(100_000_000)));
      }
      for (let turns = random.skewed(60); turns > 0; turns -= 1) await crew.turn();
    }
  }

  async #tick(time: number): Promise<void> {
    const { sender, log } = this.#feeding;
    this.#ticks += 1;
    await sender.tick(log, { sequence: this.#ticks, time: instantOfMillis(time) });
  }
}

/** How far apart two facts may be whose order is changed. */
const SHUFFLED_MS = 3 * DAY_MS;

/** Another order, up to some days, except that what is of one group keeps its own. */
function shuffledByGroup(sendings: readonly Sending[], random: Random): readonly Sending[] {
  const waiting = new Map<string, Sending[]>();
  for (const sending of sendings) {
    const group = waiting.get(sending.group) ?? [];
    group.push(sending);
    waiting.set(sending.group, group);
  }
  const turns = new Map([...waiting].map(([group, list]) => [group, list.values()]));
  const places = sendings.map(({ at, group }) => ({ group, at: at + random.below(SHUFFLED_MS) }));
  places.sort((a, b) => a.at - b.at);
  return places.flatMap(({ group }) => {
    const next = turns.get(group)?.next();
    return next === undefined || next.done === true ? [] : [next.value];
  });
}
