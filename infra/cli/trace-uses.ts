/**
 * The uses of a trace file as the main job sends them: the job's accounts, the models that have a price, and the last
 * arrival a minute before the anchor.
 */
import { basename } from 'node:path';
import type { UsageEvent } from '../../schemas/generated/usage-event.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import { usagesOfTrace } from '../importers/trace-usage.ts';
import { MODELS } from '../main-job/models.ts';
import { customers, type JobPlan } from '../main-job/world.ts';

const BEFORE_ANCHOR_MS = 60_000;

export async function traceUses(plan: JobPlan, file: string): Promise<readonly UsageEvent[]> {
  const uses: UsageEvent[] = [];
  const assignment = {
    name: basename(file).replace(/[^A-Za-z0-9._-]/g, '_'),
    seed: plan.seed,
    accounts: customers(plan).map(({ account }) => account.accountId),
    models: MODELS.map(({ provider, model }) => ({ provider, model })),
    endsAt: instantOfMillis(plan.anchor - BEFORE_ANCHOR_MS),
  };
  for await (const use of usagesOfTrace(file, assignment)) uses.push(use);
  return uses;
}
