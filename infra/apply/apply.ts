/**
 * Job: bring topics and schemas to what this version of the system needs, and say first what that would change.
 *
 * Boundary: the deploy step behind `ledger apply`. Services never create a topic or register a schema.
 *
 * Invariants:
 *  1. Planning changes nothing. Applying twice changes nothing the second time.
 *  2. When one line is refused, nothing at all is changed.
 *  3. Schemas come before topics: registering is all or nothing by itself, and a schema without a topic harms nobody.
 */
import { applyRegistration, planRegistration, type SubjectPlan } from '../../schemas/register.ts';
import type { LogAdmin } from '../../topology/log.ts';
import type { Subject } from '../../topology/subjects.ts';
import type { PlannedChange } from './change.ts';
import { applyTopics, planTopics } from './topic-plan.ts';
import { type TopicParameters, topicSpecs } from './topic-specs.ts';

export interface ApplyTarget {
  readonly admin: LogAdmin;
  readonly registryUrl: string;
  readonly topics: TopicParameters;
  /** From `subjectsOf` over all processors. */
  readonly subjects: readonly Subject[];
}

/** A plan holds a refused line; `changes` is the whole plan. */
export class ApplyRefused extends Error {
  readonly changes: readonly PlannedChange[];

  constructor(changes: readonly PlannedChange[]) {
    const refused = changes.filter(({ action }) => action === 'refuse');
    super(`nothing was changed: ${refused.map(({ name, detail }) => `${name} ${detail}`).join('; ')}`);
    this.name = 'ApplyRefused';
    this.changes = changes;
  }
}

/** Every topic and subject with what would be done to it. */
export async function planApply(target: ApplyTarget): Promise<readonly PlannedChange[]> {
  const topics = await planTopics(target.admin, topicSpecs(target.topics));
  const schemas = await planRegistration(target.registryUrl, target.subjects);
  return [...topics.map((step) => step.change), ...schemas.map(schemaChange)];
}

/** Does what `planApply` says, and returns it. */
export async function apply(target: ApplyTarget): Promise<readonly PlannedChange[]> {
  const steps = await planTopics(target.admin, topicSpecs(target.topics));
  const topics = steps.map((step) => step.change);
  refuseIfAny(topics);
  const schemas = (await applyRegistration(target.registryUrl, target.subjects)).map(schemaChange);
  const changes = [...topics, ...schemas];
  refuseIfAny(changes);
  await applyTopics(target.admin, steps);
  return changes;
}

function refuseIfAny(changes: readonly PlannedChange[]): void {
  if (changes.some(({ action }) => action === 'refuse')) throw new ApplyRefused(changes);
}

function schemaChange(plan: SubjectPlan): PlannedChange {
  const line = { kind: 'schema', name: plan.subject } as const;
  const level = plan.setsCompatibility
    ? `, compatibility ${plan.compatibility ?? 'unset'} -> FULL_TRANSITIVE`
    : '';
  switch (plan.change) {
    case 'new':
      return { ...line, action: 'create', detail: `first version of ${plan.recordName}${level}` };
    case 'new version':
      return { ...line, action: 'alter', detail: `next version of ${plan.recordName}${level}` };
    case 'incompatible':
      return { ...line, action: 'refuse', detail: `cannot read all of its history: ${plan.message ?? ''}` };
    case 'unchanged':
      return plan.setsCompatibility
        ? { ...line, action: 'alter', detail: `${plan.recordName} as registered${level}` }
        : { ...line, action: 'keep', detail: `${plan.recordName} as registered` };
  }
}
