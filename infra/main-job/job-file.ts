/**
 * What the state folder remembers of the main job: its plan, so that a second run is the same job, and what was sent.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Instant, instantOfMillis } from '../../schemas/instant.ts';
import type { JobPlan } from './world.ts';

const JobFile = z.object({
  plan: z.object({
    seed: z.number().int(),
    accounts: z.number().int().positive(),
    usageEvents: z.number().int().positive(),
    anchor: z.number().int(),
  }),
  /** One entry a run; what was sent is null for a run that was interrupted. */
  runs: z.array(
    z.object({
      input: z.string().nullable(),
      sent: z.record(z.string(), z.number().int()).nullable(),
      sources: z.record(z.string(), z.number().int()).nullable().default(null),
    }),
  ),
});

export interface JobRun {
  /** The trace file that was run, or null for generated uses. */
  readonly input: string | null;
  /** How many uses were sent, by fate. */
  readonly sent: Readonly<Record<string, number>> | null;
  /** How many sends each producer instance numbered. */
  readonly sources: Readonly<Record<string, number>> | null;
}

export interface Job {
  readonly plan: JobPlan;
  readonly runs: readonly JobRun[];
}

function fileIn(stateDir: string): string {
  return join(stateDir, 'main-job.json');
}

export function loadJob(stateDir: string): Job | null {
  const file = fileIn(stateDir);
  if (!existsSync(file)) return null;
  const job = JobFile.parse(JSON.parse(readFileSync(file, 'utf8')));
  return { ...job, plan: { ...job.plan, anchor: instantOfMillis(job.plan.anchor) } };
}

export function saveJob(stateDir: string, job: Job): void {
  const partial = `${fileIn(stateDir)}.partial`;
  writeFileSync(partial, `${JSON.stringify(job, null, 2)}\n`);
  renameSync(partial, fileIn(stateDir));
}

/** The clock's last whole minute, for the plan of a first run. */
export function anchorAt(now: number): Instant {
  return instantOfMillis(now - (now % 60_000));
}

/**
 * What all runs sent together, by fate. A use that was accepted in the first run of an input is a duplicate in every
 * later one. Null when a run was interrupted: nobody knows then how much of it was acknowledged.
 */
export function sentByAllRuns(job: Job): ReadonlyMap<string, number> | null {
  const sums = new Map<string, number>();
  const inputs = new Set<string | null>();
  for (const { input, sent } of job.runs) {
    if (sent === null) return null;
    for (const [fate, count] of Object.entries(sent)) {
      const counted = fate === 'accepted' && inputs.has(input) ? 'duplicate' : fate;
      sums.set(counted, (sums.get(counted) ?? 0) + count);
    }
    inputs.add(input);
  }
  return sums;
}

/** The last number of every producer instance of the runs that came to their end. */
export function sourcesOfAllRuns(job: Job): ReadonlyMap<string, number> {
  return new Map(job.runs.flatMap(({ sources }) => Object.entries(sources ?? {})));
}
