/**
 * One life of a task: acquire, take what is there, commit, rest when nothing is left; as `topology/run.ts` does, with
 * the waiting taken out.
 *
 * Boundary: what happens to a life from outside (death, freezing) is the crew's matter.
 */
import type { Random } from '../../infra/main-job/random.ts';
import { reactionTo } from '../../topology/failures.ts';
import { LIMITS, type Limits } from '../../topology/limits.ts';
import type { Log } from '../../topology/log.ts';
import { Task, type TaskOptions } from '../../topology/task.ts';
import type { Chaos } from './chaos.ts';
import { type Fence, FragileDirectory, fragileLog } from './fragile-log.ts';
import { Actor, type Scheduler } from './scheduler.ts';

export interface Stage {
  readonly log: Log;
  readonly directory: TaskOptions['directory'];
  /** Ids of schemas that a task must load before it can read with them. */
  readonly foreign: ReadonlySet<number>;
  readonly scheduler: Scheduler;
  readonly chaos: Chaos;
  readonly fence: Fence;
  readonly random: Random;
}

export interface Role {
  readonly processor: TaskOptions['processor'];
  readonly share: TaskOptions['share'];
  /** Grows whenever there is something new to read. */
  readonly inputEnd: () => number;
}

export class Life {
  readonly actor: Actor;
  readonly role: Role;
  readonly #stage: Stage;
  readonly #options: TaskOptions;
  readonly #sight: Parameters<typeof fragileLog>[1];
  #seen = -1;
  task: Task | null = null;
  /** The error that ended it, where the process would have ended too. */
  fatal: unknown = null;

  constructor(stage: Stage, role: Role) {
    this.#stage = stage;
    this.role = role;
    this.actor = new Actor(role.share.lock.transactionalId, stage.scheduler);
    const { chaos, fence } = stage;
    this.#sight = { actor: this.actor, chaos, fence, isDisturbed: false };
    this.#options = {
      log: fragileLog(stage.log, this.#sight),
      directory: new FragileDirectory(stage.directory, stage.foreign, this.#sight),
      processor: role.processor,
      share: role.share,
      limits: limitsOf(stage.random),
      tenure: { identity: null },
    };
  }

  get isReady(): boolean {
    if (this.actor.ended || this.actor.resume === null) return false;
    return this.actor.point !== 'idle' || this.#seen !== this.role.inputEnd();
  }

  async begin(): Promise<void> {
    await this.#stage.scheduler.start(this.actor, () => this.#live());
  }

  async #live(): Promise<void> {
    for (;;) {
      try {
        await this.actor.park('start');
        this.task = await Task.acquire(this.#options);
        await this.#work(this.task);
      } catch (error) {
        const reaction = reactionTo(error);
        await this.task?.close();
        this.task = null;
        if (reaction === 'acquire_again') continue;
        if (reaction === 'exit') this.fatal = error;
        else this.#stage.fence.refused += 1;
        return;
      }
    }
  }

  async #work(task: Task): Promise<never> {
    for (;;) {
      this.#seen = this.role.inputEnd();
      if (task.inbox.waiting < task.limits.stepRecordsMax) await task.inbox.fill();
      if (await this.#step(task)) continue;
      if (task.owesPositions) await task.publishPositions();
      else if (!this.#sight.isDisturbed) await this.actor.park('idle');
    }
  }

  /**
   * As `topology/run.ts` with a backlog: what is waiting may be evaluated while the step before is being committed, and more
   * of it taken until that is decided. Here one follows the other, but a task may die, or its commit fail, with a step in
   * hand that is ahead of the log, sealed or still open.
   */
  async #step(task: Task): Promise<boolean> {
    await task.take();
    const first = task.seal();
    if (first === null) return false;
    const takes = this.#stage.random.below(3);
    for (let take = 0; take < takes; take += 1) await task.take();
    const isSealed = this.#stage.random.chance(500);
    const sealed = isSealed ? task.seal() : null;
    await task.commit(first);
    const ahead = isSealed ? sealed : task.seal();
    if (ahead !== null) await task.commit(ahead);
    return true;
  }
}

function limitsOf(random: Random): Limits {
  const isSmall = random.chance(120);
  return {
    ...LIMITS,
    stepRecordsMax: isSmall ? 1 + random.below(5) : 10 + random.below(500),
    fetchBytesMax: isSmall ? 2_000 : LIMITS.fetchBytesMax,
    fetchWaitMs: 0,
    schemaAttemptsMax: 1,
    decodedMax: random.chance(500) ? 1 + random.below(60) : LIMITS.decodedMax,
    // Either with every step, or once and then only when told to: both without a clock.
    positionsIntervalMs: random.chance(500) ? 0 : Number.POSITIVE_INFINITY,
  };
}
