/**
 * The loop, on one screen: acquire a task, take what arrived, commit it, again; and what happens when that fails.
 *
 * Boundary: timing only. What a step is lives in `cell.ts` and `step.ts`, what an error means in `failures.ts`.
 *
 * Invariants:
 *  1. Two transactions of one task never overlap. With a backlog the next step is evaluated while one is committed, and
 *     takes more until that is decided, at most `stepTakesMax` times.
 *  2. Steps start `commitIntervalMs` after those before, later when these took long, or at once when a full batch is
 *     waiting.
 *  3. Each trouble doubles the pause before the next try; only a committed step shortens it again.
 *  4. The share is taken once. After trouble it is taken again only if nobody else has taken it since.
 *  5. The loop ends only by the signal, by being fenced, or by throwing an error that must end the process.
 */
import { setTimeout as pause, setImmediate } from 'node:timers/promises';
import { reactionTo } from './failures.ts';
import type { Tenure } from './log.ts';
import type { StepResult } from './step.ts';
import { type SealedSteps, Task, type TaskOptions } from './task.ts';

export interface RunHooks {
  readonly onAcquired?: (task: Task) => void;
  /** After each transaction, with its steps. */
  readonly onCommitted?: (steps: readonly StepResult[], tookMs: number) => void;
  readonly onTrouble?: (error: unknown, reaction: string) => void;
}

export async function runTask(
  options: TaskOptions,
  hooks: RunHooks,
  signal: AbortSignal,
): Promise<'stopped' | 'fenced'> {
  let pauseMs = options.limits.retryPauseMs;
  const tenure: Tenure = { identity: null };
  const onCommitted = (steps: readonly StepResult[], tookMs: number): void => {
    pauseMs = options.limits.retryPauseMs;
    hooks.onCommitted?.(steps, tookMs);
  };
  while (!signal.aborted) {
    try {
      const task = await Task.acquire({ ...options, tenure });
      hooks.onAcquired?.(task);
      await work(task, { ...hooks, onCommitted }, signal);
    } catch (error) {
      const reaction = reactionTo(error);
      hooks.onTrouble?.(error, reaction);
      if (reaction === 'exit') throw error;
      if (reaction === 'stand_back') return 'fenced';
      await pause(pauseMs, undefined, { signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, options.limits.retryPauseMaxMs);
    }
  }
  return 'stopped';
}

async function work(task: Task, hooks: RunHooks, signal: AbortSignal): Promise<void> {
  const { commitIntervalMs, restMsMax, positionsIdleMs } = task.limits;
  const transaction = new Transaction(task, hooks);
  task.inbox.start();
  try {
    while (!signal.aborted) {
      await task.inbox.arrival({ signal, ...(task.owesPositions ? { timeoutMs: positionsIdleMs } : {}) });
      const startedAt = performance.now();
      const steps = await evaluate(task, transaction);
      await transaction.decided;
      if (steps !== null) transaction.begin(steps, startedAt);
      else if (task.owesPositions && !signal.aborted) await task.publishPositions();
      if (!task.inbox.isFull) await transaction.decided;
      const tookMs = performance.now() - startedAt;
      const restMs = Math.max(commitIntervalMs - tookMs, Math.min(tookMs / 2, restMsMax));
      await task.inbox.arrival({ full: true, timeoutMs: restMs, signal });
    }
    await transaction.decided;
  } catch (error) {
    // What failed first decides what happens next; that closing failed as well says nothing more.
    const first = await transaction.decided.then(() => error).catch((earlier: unknown) => earlier);
    await task.close().catch(() => undefined);
    throw first;
  }
  await task.close();
}

/** The next step of each cell: of what is waiting, and with a backlog of more while the transaction before is under way. */
async function evaluate(task: Task, transaction: Transaction): Promise<SealedSteps | null> {
  for (let takes = 1; await task.take(); takes += 1) {
    if (!transaction.isUnderWay || takes === task.limits.stepTakesMax) break;
    // Lets answers of the broker in, and what follows from them out.
    await setImmediate();
    if (!transaction.isUnderWay || !task.inbox.isFull) break;
  }
  return task.seal();
}

/** The transaction under way; the next one begins when it is decided. */
class Transaction {
  readonly #task: Task;
  readonly #hooks: RunHooks;
  #decided = Promise.resolve();
  #isUnderWay = false;

  constructor(task: Task, hooks: RunHooks) {
    this.#task = task;
    this.#hooks = hooks;
  }

  /** Rejects when it failed. */
  get decided(): Promise<void> {
    return this.#decided;
  }

  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  begin(steps: SealedSteps, startedAt: number): void {
    this.#isUnderWay = true;
    this.#decided = this.#commit(steps, startedAt);
    // Raised where it is awaited, which is after the next steps were evaluated.
    this.#decided.catch(() => undefined);
  }

  async #commit(sealed: SealedSteps, startedAt: number): Promise<void> {
    try {
      await this.#task.commit(sealed);
    } finally {
      this.#isUnderWay = false;
    }
    this.#hooks.onCommitted?.(sealed.steps, performance.now() - startedAt);
  }
}
