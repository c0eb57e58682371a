/**
 * The window of request ids as it grows: what a look-up costs and what an id takes, at every doubling.
 *
 * Kernel-level: no log, and the SHA-256 that every id costs anyhow is left out; ids are what it would give, sixteen bytes
 * that look like chance. Every second id asked for afterwards is a repeat, and each must be found as one.
 */
import type { Progress } from '../../infra/cli/progress.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import { AdmissionWindow } from '../../topology/admission-window.ts';
import { DEDUP_HORIZON_MS } from '../../topology/limits.ts';
import { type Held, held, heldSince, threadSeconds } from './memory.ts';

const NOW = instantOfMillis(Date.UTC(2026, 10, 22, 12));
/** Of one step: the blocks of the changelog are made at its end. */
const STEP_IDS = 1_000;
const LOOKUPS = 200_000;
const STRINGS = 1 << 20;

export interface IdsPoint {
  readonly ids: number;
  /** A second of processor time, over the ids since the point before. */
  readonly newPerSecond: number;
  /** Half of them repeats, over all that is remembered. */
  readonly lookupsPerSecond: number;
  readonly bytesPerId: number;
  /** The longest that a single id took since the point before: the index is made anew when it is half full. */
  readonly longestMs: number;
  /** Processor time of the longest step of 1,000 ids: what of that was not other work on the machine. */
  readonly longestStepCpuMs: number;
  /** Look-ups that did not find what they should. */
  readonly wrong: number;
}

export interface IdsGrowth {
  readonly points: readonly IdsPoint[];
  /** What the same ids take as strings in a Set. */
  readonly bytesPerStringInSet: number;
}

export function growthOfIds(sizes: readonly number[], progress: Progress): IdsGrowth {
  const bytesPerStringInSet = stringsInSet(Math.min(STRINGS, sizes.at(-1) ?? STRINGS));
  const before = held();
  const window = new AdmissionWindow(DEDUP_HORIZON_MS);
  const shown = progress.start('request ids', sizes.at(-1) ?? 0);
  const points: IdsPoint[] = [];
  let ids = 0;
  for (const size of sizes) {
    const begunAt = ids;
    let seconds = 0;
    let longestMs = 0;
    let longestStepSeconds = 0;
    while (ids < size) {
      const [from, to] = [ids, Math.min(size, ids + STEP_IDS)];
      const stepSeconds = threadSeconds(() => {
        longestMs = Math.max(longestMs, takeNew(window, from, to));
      });
      seconds += stepSeconds;
      longestStepSeconds = Math.max(longestStepSeconds, stepSeconds);
      ids = to;
      shown.add(to - from);
    }
    const taken = heldSince(before);
    points.push({
      ids,
      newPerSecond: Math.round((ids - begunAt) / seconds),
      bytesPerId: Math.round(((taken.heapBytes + taken.outsideBytes) * 10) / ids) / 10,
      longestMs: Math.round(longestMs * 10) / 10,
      longestStepCpuMs: Math.round(longestStepSeconds * 10_000) / 10,
      ...lookUp(window, ids),
    });
  }
  shown.end();
  return { points, bytesPerStringInSet };
}

const id = Buffer.from(new ArrayBuffer(16));
const words = new Int32Array(id.buffer);
const payload = Buffer.alloc(8);

/** The same for the same number, as a hash is. */
function nameId(number: number): Buffer {
  let mixed = (number * 0x9e3779b1) | 0;
  for (let word = 0; word < words.length; word += 1) {
    mixed = Math.imul(mixed ^ (mixed >>> 16) ^ number, 0x85ebca6b + 2 * word);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    words[word] = mixed ^ (mixed >>> 16);
  }
  words[3] = number;
  return id;
}

/** One step; returns the longest that one id took, in milliseconds. */
function takeNew(window: AdmissionWindow, from: number, to: number): number {
  let longest = 0;
  for (let number = from; number < to; number += 1) {
    nameId(number);
    const begun = performance.now();
    window.see(id, payload, NOW);
    longest = Math.max(longest, performance.now() - begun);
  }
  window.endStep();
  return longest;
}

/** Repeats from all over the window, and conflicts as often; a new id would make it larger. */
function lookUp(window: AdmissionWindow, ids: number): Pick<IdsPoint, 'lookupsPerSecond' | 'wrong'> {
  const stride = Math.max(1, Math.floor(ids / LOOKUPS)) | 1;
  const other = Buffer.alloc(8, 1);
  let wrong = 0;
  const seconds = threadSeconds(() => {
    for (let lookup = 0, number = 0; lookup < LOOKUPS; lookup += 1, number = (number + stride) % ids) {
      const isRepeat = lookup % 2 === 0;
      const found = window.see(nameId(number), isRepeat ? payload : other, NOW);
      if (found !== (isRepeat ? 'duplicate' : 'conflict')) wrong += 1;
    }
  });
  return { lookupsPerSecond: Math.round(LOOKUPS / seconds), wrong };
}

function stringsInSet(count: number): number {
  const before: Held = held();
  const strings = new Set<string>();
  for (let number = 0; number < count; number += 1) strings.add(`acct-${number % 10_000}/req-${number}`);
  const { heapBytes, outsideBytes } = heldSince(before);
  return Math.round((heapBytes + outsideBytes) / strings.size);
}
