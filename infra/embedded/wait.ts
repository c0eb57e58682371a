/** Waits for conditions with a named limit. The clock is used for limits only, never for decisions about data. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitLimits {
  readonly timeoutMs: number;
  readonly intervalMs?: number;
}

const intervalDefaultMs = 50;

/** True as soon as the condition holds, false when the time is up. A condition that throws counts as not yet. */
export async function waitUntil(condition: () => Promise<boolean>, limits: WaitLimits): Promise<boolean> {
  const deadline = performance.now() + limits.timeoutMs;
  for (;;) {
    if (await condition().catch(() => false)) return true;
    if (performance.now() >= deadline) return false;
    await sleep(limits.intervalMs ?? intervalDefaultMs);
  }
}

/** True when the promise settled within the limit. The limit's timer never keeps the process alive. */
export async function settlesWithin(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const stopped = new AbortController();
  const late = sleep(timeoutMs, false, { signal: stopped.signal }).catch(() => false);
  const settled = promise.then(
    () => true,
    () => true,
  );
  const first = await Promise.race([settled, late]);
  stopped.abort();
  return first;
}
