/**
 * All lives of all tasks: who works, who is frozen, and that every partition of a service always has somebody.
 *
 * Job: resume one of the lives that can go on, drawn from the seed; now and then let one die, freeze, thaw, be overtaken,
 * or have the partitions of its service divided anew. `rest` goes on until nobody has anything left to do.
 */
import { PROCESSORS } from '../../infra/processors.ts';
import { shareOf } from '../../topology/lock.ts';
import type { Log } from '../../topology/log.ts';
import type { MemoryLog } from '../../topology/log-memory.ts';
import type { AnyProcessor } from '../../topology/processor.ts';
import { serviceTopics } from '../../topology/topics.ts';
import { Life, type Role, type Stage } from './life.ts';

/** Far more turns than a run takes; beyond it the run does not come to rest. */
const TURNS_MAX = 200_000;

interface CrewStage extends Stage {
  readonly log: MemoryLog;
  /** The log that tasks are given: the same one, unless it is broken on purpose. */
  readonly tasksLog: Log;
}

export class Crew {
  readonly #stage: CrewStage;
  readonly #partitions: number;
  /** How the partitions of each service are divided now. */
  readonly #roles = new Map<AnyProcessor, readonly Role[]>();
  #lives: Life[] = [];
  #frozen: Life[] = [];
  readonly violations: string[] = [];
  turns = 0;

  constructor(stage: CrewStage, partitions: number) {
    this.#stage = stage;
    this.#partitions = partitions;
  }

  get zombies(): number {
    return this.#frozen.length;
  }

  async begin(): Promise<void> {
    for (const processor of PROCESSORS) await this.#divide(processor);
  }

  /** One turn of somebody; false when all rest. */
  async turn(): Promise<boolean> {
    const { random, chaos } = this.#stage;
    const ready = this.#lives.filter((life) => life.isReady);
    if (ready.length === 0) return false;
    this.turns += 1;
    if (this.turns > TURNS_MAX) throw new Error(`the run does not come to rest: ${this.#whereabouts()}`);
    if (chaos.isOn && this.#frozen.length > 0 && random.chance(10)) this.#thaw();
    if (chaos.tries('compact', 1)) this.#compact();
    const life = random.pick(ready);
    const death = chaos.deathAt(life.actor.point);
    if (death === null) await this.#stage.scheduler.resume(life.actor);
    else await this.#replace(life, death);
    if (life.actor.ended) await this.#bury(life);
    return true;
  }

  async rest(): Promise<void> {
    while (await this.turn());
  }

  /** Nothing fails any more; every zombie wakes up and learns that it was replaced. */
  async settle(): Promise<void> {
    this.#stage.chaos.isOn = false;
    await this.rest();
    while (this.#frozen.length > 0) {
      this.#thaw();
      await this.rest();
    }
  }

  /** The life of each task that holds its lock at the end; several where a former owner has not noticed yet. */
  tasks(): readonly Life[] {
    return this.#lives.filter(({ task }) => task !== null);
  }

  #whereabouts(): string {
    const busy = this.#lives.filter((life) => life.isReady);
    return busy.map(({ actor }) => `${actor.name} at ${actor.point}`).join(', ');
  }

  /** Gives all partitions to one process or each to one of its own; who had them before is left as he is. */
  async #divide(processor: AnyProcessor): Promise<void> {
    const { random, log } = this.#stage;
    const n = random.pick([1, this.#partitions]);
    const roles = Array.from({ length: n }, (_, k): Role => {
      const share = shareOf(processor.service, { k, n }, this.#partitions);
      const inputs = processor.inputs.flatMap((topic) =>
        share.partitions.map((partition) => log.partitionOf({ topic, partition })),
      );
      return { processor, share, inputEnd: () => inputs.reduce((sum, input) => sum + input.stableOffset, 0) };
    });
    this.#roles.set(processor, roles);
    for (const role of roles) await this.#take(role);
  }

  async #take(role: Role): Promise<void> {
    const life = new Life({ ...this.#stage, log: this.#stage.tasksLog }, role);
    this.#lives.push(life);
    await life.begin();
  }

  async #replace(life: Life, death: 'kill' | 'freeze' | 'takeover'): Promise<void> {
    if (death !== 'takeover') this.#lives = this.#lives.filter((other) => other !== life);
    if (death === 'freeze') this.#frozen.push(life);
    const { processor } = life.role;
    if (this.#stage.random.chance(250)) await this.#divide(processor);
    else await this.#fillFrom(processor, life.role);
  }

  /** One that was fenced stands back; where nobody has its partitions, they are assigned again. */
  async #bury(life: Life): Promise<void> {
    this.#lives = this.#lives.filter((other) => other !== life);
    if (life.fatal !== null) {
      const reason = life.fatal instanceof Error ? life.fatal.message : String(life.fatal);
      this.violations.push(`exit of ${life.actor.name}: ${reason}`);
      return;
    }
    await this.#fillFrom(life.role.processor, null);
  }

  /** Gives `taken`, and every other role that nobody plays any more, to a new life. */
  async #fillFrom(processor: AnyProcessor, taken: Role | null): Promise<void> {
    for (const role of this.#roles.get(processor) ?? []) {
      if (role === taken || !this.#lives.some((life) => life.role === role)) await this.#take(role);
    }
  }

  #thaw(): void {
    const life = this.#stage.random.pick(this.#frozen);
    this.#frozen = this.#frozen.filter((other) => other !== life);
    this.#lives.push(life);
  }

  #compact(): void {
    const { random, log } = this.#stage;
    const processor = random.pick(PROCESSORS);
    const partition = random.below(this.#partitions);
    const { changelog } = serviceTopics(processor.service);
    // A tombstone outlives every restore under way, as `delete.retention.ms` sees to on a broker.
    const nobodyRestores = [...this.#lives, ...this.#frozen].every(({ task }) => task !== null);
    log.compact(changelog, partition, nobodyRestores ? 'drop' : 'keep');
  }
}
