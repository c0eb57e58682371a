/**
 * The loop, on one screen: acquire a task, take what arrived, commit it, again; and what happens when that fails.
 *
 * Boundary: timing only. What a step is lives in `cell.ts` and `step.ts`, what an error means in `failures.ts`.
 *
 * Invariants:
 *  1. Two transactions of one task never overlap. With a backlog the next steps are evaluated while one is committed.
 *  2. Steps start `commitIntervalMs` after those before, later when these took long, or at once when a full batch is
 *     waiting.
 *  3. Each trouble doubles the pause before the next try; only a committed step shortens it again.
 *  4. The share is taken once. After trouble it is taken again only if nobody else has taken it since.
 *  5. The loop ends only by the signal, by being fenced, or by throwing an error that must end the process.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { reactionTo } from './failures.ts';
import type { Tenure } from './log.ts';
import type { StepResult } from './step.ts';
import { type PreparedSteps, Task, type TaskOptions } from './task.ts';

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
  let committing = Promise.resolve();
  task.inbox.start();
  try {
    while (!signal.aborted) {
      await task.inbox.arrival({ signal, ...(task.owesPositions ? { timeoutMs: positionsIdleMs } : {}) });
      const startedAt = performance.now();
      const prepared = await task.prepare();
      await committing;
      if (prepared !== null) committing = commit(task, prepared, { hooks, startedAt });
      else if (task.owesPositions && !signal.aborted) await task.publishPositions();
      if (!task.inbox.isFull) await committing;
      const tookMs = performance.now() - startedAt;
      const restMs = Math.max(commitIntervalMs - tookMs, Math.min(tookMs, restMsMax));
      await task.inbox.arrival({ full: true, timeoutMs: restMs, signal });
    }
    await committing;
  } catch (error) {
    // What failed first decides what happens next; that closing failed as well says nothing more.
    const first = await committing.then(() => error).catch((earlier: unknown) => earlier);
    await task.close().catch(() => undefined);
    throw first;
  }
  await task.close();
}

function commit(
  task: Task,
  prepared: PreparedSteps,
  { hooks, startedAt }: { readonly hooks: RunHooks; readonly startedAt: number },
): Promise<void> {
  const committing = task.commit(prepared).then(() => {
    hooks.onCommitted?.(prepared.results, performance.now() - startedAt);
  });
  // Raised where it is awaited, which is after the next steps were evaluated.
  committing.catch(() => undefined);
  return committing;
}
