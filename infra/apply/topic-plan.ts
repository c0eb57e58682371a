/**
 * Job: compare the topics that should be with those that are, and make them so.
 *
 * Boundary: the log's admin port; what a topic should be is decided in `topic-specs.ts`.
 *
 * Invariants:
 *  1. A plan changes nothing, and applying an empty plan changes nothing.
 *  2. A partition count is never changed: keys would move to other partitions and part from their history.
 *  3. Entries that somebody else set on a topic stay as they are; ours are put back.
 */
import type { LogAdmin, TopicDescription, TopicSpec } from '../../topology/log.ts';
import type { PlannedChange } from './change.ts';

export interface TopicStep {
  readonly change: PlannedChange;
  readonly spec: TopicSpec;
  readonly found: TopicDescription | null;
}

export async function planTopics(
  admin: LogAdmin,
  specs: readonly TopicSpec[],
): Promise<readonly TopicStep[]> {
  const found = await admin.describeTopics(specs.map((spec) => spec.name));
  return specs.map((spec) => stepFor(spec, found.get(spec.name) ?? null));
}

export async function applyTopics(admin: LogAdmin, steps: readonly TopicStep[]): Promise<void> {
  const created = steps.filter((step) => step.change.action === 'create').map((step) => step.spec);
  if (created.length > 0) await admin.createTopics(created);
  for (const { change, spec, found } of steps) {
    // The broker's AlterConfigs replaces the whole set, so entries that are not ours are sent along.
    if (change.action === 'alter')
      await admin.alterTopicConfig(spec.name, { ...found?.config, ...spec.config });
  }
}

function stepFor(spec: TopicSpec, found: TopicDescription | null): TopicStep {
  const { name } = spec;
  if (found === null) {
    const detail = `${spec.partitions} partitions, replication ${spec.replicationFactor}, ${configText(spec.config)}`;
    return { change: { kind: 'topic', name, action: 'create', detail }, spec, found };
  }
  if (found.partitions !== spec.partitions) {
    const detail =
      `has ${found.partitions} partitions and ${spec.partitions} are wanted; keys would move. ` +
      `Run with the count it has, or copy the history into a new cluster.`;
    return { change: { kind: 'topic', name, action: 'refuse', detail }, spec, found };
  }
  const differing = Object.entries(spec.config).filter(([key, value]) => found.config[key] !== value);
  if (differing.length === 0) {
    return { change: { kind: 'topic', name, action: 'keep', detail: 'as wanted' }, spec, found };
  }
  const detail = differing.map(([key, value]) => `${key}: ${found.config[key] ?? 'default'} -> ${value}`);
  return { change: { kind: 'topic', name, action: 'alter', detail: detail.join(', ') }, spec, found };
}

function configText(config: Readonly<Record<string, string>>): string {
  return Object.entries(config)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}
