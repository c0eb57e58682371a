/**
 * The main job from its first record to its last: feed, kill a service on the way, let the clock run, wait until all is
 * worked off.
 *
 * Boundary: drives the running system from outside, as producers and an operator would.
 */
import type { UsageEvent } from '../../schemas/generated/usage-event.ts';
import type { Instant } from '../../schemas/instant.ts';
import { Publisher } from '../../topology/publisher.ts';
import { PROCESSORS } from '../processors.ts';
import { readValues } from '../proof/read-topic.ts';
import type { System } from '../system.ts';
import { firstTick, laterTicks } from './clock.ts';
import { untilDrained } from './drained.ts';
import { type FeedTarget, feedFacts, feedLatePrice, feedReferenceData } from './feed.ts';
import { type Job, saveJob } from './job-file.ts';
import { Numbering } from './numbering.ts';
import { customers } from './world.ts';

const DRAIN_TIMEOUT_MS = 300_000;
const VICTIM = 'rating';

export interface JobOptions {
  readonly system: System;
  readonly stateDir: string;
  readonly job: Job;
  /** The trace file of this run, or null for generated uses. */
  readonly input: string | null;
  readonly uses: Iterable<UsageEvent> | AsyncIterable<UsageEvent>;
  readonly expectedUses: number;
  readonly onProgress: (line: string) => void;
}

export interface JobResult {
  readonly job: Job;
  readonly sent: number;
  readonly feedSeconds: number;
  readonly drainSeconds: number;
  /** Process ids of the service before and after it was killed. */
  readonly killed: {
    readonly service: string;
    readonly before: number | null;
    readonly after: number | null;
  };
}

export async function runJob(options: JobOptions): Promise<JobResult> {
  const { system, job, input, onProgress } = options;
  const isFirstRun = job.runs.length === 0;
  const started: Job = { ...job, runs: [...job.runs, { input, sent: null, sources: null }] };
  saveJob(options.stateDir, started);
  const publisher = await Publisher.open({
    log: system.log,
    directory: system.directory,
    source: '/outcome-ledger/main-job',
    transactionalId: 'ticker',
    transactor: 'per_call',
  });
  const clock = await JobClock.open(system, publisher);
  const target = { log: system.log, directory: system.directory, publisher, gateway: system.gateway };
  try {
    const fed = await feed({ ...options, target, clock, isFirstRun });
    const drainStarted = performance.now();
    await drain(options);
    const drainSeconds = (performance.now() - drainStarted) / 1_000;
    await feedLatePrice(target, feedOptions(options));
    await drain(options);
    for (const time of laterTicks(job.plan.anchor)) {
      await clock.tick(time);
      await drain(options);
    }
    const done: Job = {
      ...job,
      runs: [...job.runs, { input, sent: Object.fromEntries(fed.sent.entries()), sources: fed.sources }],
    };
    saveJob(options.stateDir, done);
    onProgress('everything that was sent is worked off');
    return { job: done, sent: fed.sent.total, feedSeconds: fed.seconds, drainSeconds, killed: fed.killed };
  } finally {
    await publisher.close();
  }
}

function feedOptions(options: JobOptions) {
  return { plan: options.job.plan, customers: customers(options.job.plan), uses: options.uses };
}

/** Sends everything; when two fifths of the uses are out, the victim is killed and started again meanwhile. */
async function feed(
  options: JobOptions & {
    readonly target: FeedTarget;
    readonly clock: JobClock;
    readonly isFirstRun: boolean;
  },
) {
  const { system, target, clock, job, onProgress } = options;
  const facts = feedOptions(options);
  const victim = system.services.get(VICTIM);
  const killed = { service: VICTIM, before: victim?.pid ?? null, after: victim?.pid ?? null };
  let restarting: Promise<void> | null = null;
  const onSent = async (sent: number): Promise<void> => {
    if (sent % 10_000 < 1_000) onProgress(`${sent} of about ${options.expectedUses} uses sent`);
    if (restarting !== null || victim === undefined || sent < options.expectedUses * 0.4) return;
    await victim.kill('SIGKILL');
    onProgress(`${VICTIM} (pid ${killed.before}) was killed in mid-run and is started again`);
    restarting = victim.restart();
  };
  await feedReferenceData(target, { ...facts, onProgress: () => undefined });
  if (options.isFirstRun) {
    await clock.tick(firstTick(job.plan.anchor));
    await drain(options);
  }
  const numbering = new Numbering({ anchor: job.plan.anchor, run: job.runs.length + 1, now: Date.now });
  const begun = performance.now();
  const sent = await feedFacts(target, { ...facts, onProgress: onSent }, numbering);
  const seconds = (performance.now() - begun) / 1_000;
  await restarting;
  return { sent, sources: numbering.lasts(), seconds, killed: { ...killed, after: victim?.pid ?? null } };
}

async function drain(options: JobOptions): Promise<void> {
  await untilDrained({ log: options.system.log, processors: PROCESSORS, timeoutMs: DRAIN_TIMEOUT_MS });
}

/** Publishes ticks with the sequence that follows the last one in the log. */
class JobClock {
  readonly #publisher: Publisher;
  #sequence: number;

  private constructor(publisher: Publisher, sequence: number) {
    this.#publisher = publisher;
    this.#sequence = sequence;
  }

  static async open(system: System, publisher: Publisher): Promise<JobClock> {
    let last = 0;
    await readValues(system, { topic: 'clock-ticks', record: 'ClockTick' }, (tick) => {
      if (tick !== null) last = Math.max(last, tick.sequence);
    });
    return new JobClock(publisher, last);
  }

  async tick(time: Instant): Promise<void> {
    this.#sequence += 1;
    const value = { sequence: this.#sequence, time };
    await this.#publisher.publishCopies([{ topic: 'clock-ticks', value }]);
  }
}
