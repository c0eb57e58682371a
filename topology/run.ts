/**
 * The loop, on one screen: acquire a task, take what arrived, commit it, again; and what happens when that fails.
 *
 * Boundary: timing only. What a step is lives in `task.ts` and `step.ts`, what an error means in `failures.ts`.
 *
 * Invariants:
 *  1. Two steps of one task never overlap.
 *  2. A step starts `commitIntervalMs` after the one before, later when that one took long, or at once when a full
 *     batch is waiting.
 *  3. Each trouble doubles the pause before the next try; only a committed step shortens it again.
 *  4. The loop ends only by the signal, by being fenced, or by throwing an error that must end the process.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { reactionTo } from './failures.ts';
import type { StepResult } from './step.ts';
import { Task, type TaskOptions } from './task.ts';

export interface RunHooks {
  readonly onAcquired?: (task: Task) => void;
  readonly onStep?: (result: StepResult, tookMs: number) => void;
  readonly onTrouble?: (error: unknown, reaction: string) => void;
}

export async function runTask(
  options: TaskOptions,
  hooks: RunHooks,
  signal: AbortSignal,
): Promise<'stopped' | 'fenced'> {
  let pauseMs = options.limits.retryPauseMs;
  const onStep = (result: StepResult, tookMs: number): void => {
    pauseMs = options.limits.retryPauseMs;
    hooks.onStep?.(result, tookMs);
  };
  while (!signal.aborted) {
    try {
      const task = await Task.acquire(options);
      hooks.onAcquired?.(task);
      await work(task, { ...hooks, onStep }, signal);
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
  task.inbox.start();
  try {
    while (!signal.aborted) {
      await task.inbox.arrival({ signal, ...(task.owesPositions ? { timeoutMs: positionsIdleMs } : {}) });
      const startedAt = performance.now();
      const result = await task.step();
      const tookMs = performance.now() - startedAt;
      if (result !== null) hooks.onStep?.(result, tookMs);
      else if (task.owesPositions && !signal.aborted) await task.publishPositions();
      const restMs = Math.max(commitIntervalMs - tookMs, Math.min(tookMs, restMsMax));
      await task.inbox.arrival({ full: true, timeoutMs: restMs, signal });
    }
  } catch (error) {
    // The first error decides what happens next; that closing failed as well says nothing more.
    await task.close().catch(() => undefined);
    throw error;
  }
  await task.close();
}
