/**
 * How long real prompts and answers are: 5 % quantiles of published request traces.
 *
 * Sources: the Azure LLM inference traces of 2023 (code completion and conversation, CC-BY 4.0) and the Mooncake
 * conversation trace of FAST'25 (Apache-2.0), of which the cached share is the prefix that a cache would have served.
 * The generator draws between neighbouring quantiles, so its tokens have the traces' spread without shipping them.
 */
import type { Random } from './random.ts';

interface Workload {
  readonly useCase: string;
  readonly inputTokens: readonly number[];
  readonly outputTokens: readonly number[];
  /** Share of the prompt served from a cache, in percent. */
  readonly cachedPercent: readonly number[];
}

const NOTHING_CACHED = [0, 0];

export const WORKLOADS: readonly Workload[] = [
  {
    useCase: 'code-completion',
    inputTokens: [
      3, 75, 147, 232, 385, 578, 770, 938, 1075, 1261, 1469, 1690, 1909, 2164, 2433, 2745, 3193, 3923, 5194,
      7315, 7437,
    ],
    outputTokens: [6, 6, 7, 7, 8, 9, 9, 10, 11, 12, 13, 14, 16, 18, 20, 24, 29, 39, 55, 90, 1899],
    cachedPercent: NOTHING_CACHED,
  },
  {
    useCase: 'support-conversation',
    inputTokens: [
      2, 181, 207, 372, 387, 396, 403, 414, 703, 984, 1020, 1045, 1071, 1097, 1130, 1189, 1315, 1877, 2735,
      4083, 14050,
    ],
    outputTokens: [
      7, 41, 54, 67, 77, 85, 91, 96, 103, 113, 129, 151, 177, 217, 384, 395, 400, 411, 424, 451, 1000,
    ],
    cachedPercent: NOTHING_CACHED,
  },
  {
    useCase: 'research-assistant',
    inputTokens: [
      891, 901, 964, 1261, 1662, 2306, 3263, 4250, 4993, 5870, 6909, 8187, 9570, 11239, 13196, 15368, 17869,
      21467, 27367, 39552, 126195,
    ],
    outputTokens: [
      1, 10, 24, 46, 100, 156, 213, 256, 291, 322, 350, 375, 399, 423, 447, 472, 504, 543, 597, 698, 2000,
    ],
    cachedPercent: [0, 2, 3, 4, 5, 7, 9, 11, 15, 25, 36, 46, 54, 57, 57, 71, 84, 91, 95, 98, 100],
  },
];

/** One value between two neighbouring quantiles, each interval equally likely. */
export function draw(quantiles: readonly number[], random: Random): number {
  const interval = random.below(quantiles.length - 1);
  const low = quantiles[interval] ?? 0;
  const high = quantiles[interval + 1] ?? low;
  return low + random.below(high - low + 1);
}
