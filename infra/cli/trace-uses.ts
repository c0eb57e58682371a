/** The uses of a trace file, as the main job sends them. */
import type { UsageEvent } from '../../schemas/generated/usage-event.ts';
import type { JobPlan } from '../main-job/world.ts';

export async function traceUses(_plan: JobPlan, file: string): Promise<readonly UsageEvent[]> {
  throw new Error(`traces cannot be read yet: ${file}`);
}
