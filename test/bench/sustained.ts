/**
 * Whether a rate was sustained: pure, over samples of what was sent and what came through.
 *
 * A queue that grows means that it was not, whatever the latencies of what came through are; and so does a sender that
 * could not send what was due, because then the rate was another one.
 */

export interface BacklogSample {
  readonly atMs: number;
  readonly due: number;
  readonly sent: number;
  readonly done: number;
}

export interface Sustained {
  readonly isSustained: boolean;
  readonly why: 'kept up' | 'the queue grew' | 'the sender fell behind';
  readonly donePerSecond: number;
  /** The most that was due and had not come through. */
  readonly backlogMax: number;
  /** How much faster uses came than they went, in events a second. */
  readonly growthPerSecond: number;
}

/** A queue that takes longer than this to grow by a second's worth of events is one that stands. */
const GROWTH_SHARE_MAX = 0.02;
/** Below this many seconds' worth of events a queue is what is under way anyhow. */
const QUEUE_SECONDS_MIN = 0.5;
const SENT_SHARE_MIN = 0.98;
/** Arrivals of a Poisson process differ from its rate by so many deviations at most, once in thousands of runs. */
const DEVIATIONS_MAX = 4;

export function sustained(samples: readonly BacklogSample[], ratePerSecond: number): Sustained {
  const [first, last] = [samples[0], samples.at(-1)];
  const seconds = ((last?.atMs ?? 0) - (first?.atMs ?? 0)) / 1_000;
  const perSecond = (what: 'sent' | 'done'): number =>
    seconds === 0 ? 0 : ((last?.[what] ?? 0) - (first?.[what] ?? 0)) / seconds;
  const backlogs = samples.map(({ due, done }) => due - done);
  const growthPerSecond = slope(
    samples.map(({ atMs }) => atMs / 1_000),
    backlogs,
  );
  const lastThird = backlogs.slice(-Math.ceil(backlogs.length / 3));
  const queue = lastThird.reduce((sum, each) => sum + each, 0) / Math.max(1, lastThird.length);
  const grew =
    growthPerSecond > ratePerSecond * GROWTH_SHARE_MAX && queue > ratePerSecond * QUEUE_SECONDS_MIN;
  const expected = ratePerSecond * seconds;
  const leastSent = expected * SENT_SHARE_MIN - DEVIATIONS_MAX * Math.sqrt(expected);
  const fellBehind = perSecond('sent') * seconds < leastSent;
  return {
    isSustained: !grew && !fellBehind,
    why: grew ? 'the queue grew' : fellBehind ? 'the sender fell behind' : 'kept up',
    donePerSecond: Math.round(perSecond('done')),
    backlogMax: Math.max(0, ...backlogs),
    growthPerSecond: Math.round(growthPerSecond),
  };
}

/** Of the line that fits best. */
function slope(xs: readonly number[], ys: readonly number[]): number {
  const mean = (of: readonly number[]): number => of.reduce((sum, each) => sum + each, 0) / of.length;
  const [xMean, yMean] = [mean(xs), mean(ys)];
  let [both, square] = [0, 0];
  for (const [index, x] of xs.entries()) {
    both += (x - xMean) * ((ys[index] ?? yMean) - yMean);
    square += (x - xMean) ** 2;
  }
  return square === 0 ? 0 : both / square;
}

/** The next rate to try below one that was not sustained: what came through meanwhile, or a little less than before. */
export function nextRate(tried: number, { donePerSecond }: Sustained): number {
  const capacity = Math.min(0.95 * donePerSecond, 0.85 * tried);
  return Math.max(100, Math.floor(capacity / 100) * 100);
}
