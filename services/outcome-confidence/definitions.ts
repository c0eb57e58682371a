/**
 * Rule: which version of an outcome definition is in force, and which definitions are taken at all.
 *
 * Invariants:
 *  1. The version in force is the last to take effect at or before the instant; of two at one instant, the higher.
 *  2. A version is never replaced. One that takes effect in the past binds only claims that are not bound yet.
 */
import { type Amount, amountOfUnits, ZERO } from '../../schemas/amount.ts';
import type { OutcomeDefinition } from '../../schemas/generated/outcome-definition.ts';
import type { OutcomeTimeline, VersionFrom } from '../../schemas/generated/outcome-timeline.ts';
import type { Instant } from '../../schemas/instant.ts';
import { isUnderstood } from './criteria.ts';

/** Confidence runs from 0 to 1. */
export const ONE: Amount = amountOfUnits(10n ** 12n);

const METHODS: ReadonlySet<string> = new Set(['webhook_callback', 'crm_integration', 'api_response']);
const FALLBACKS: ReadonlySet<string> = new Set(['charge_base_rate', 'reject']);
/** A year; the longest window in use is 30 days. */
const verificationWindowMaxMs = 366 * 24 * 60 * 60 * 1_000;

/** Versions of one outcome that are kept, since their times are one record of state. */
const definitionVersionsMax = 1_000;

/** Whether the timeline takes one more version. */
export function hasRoom(timeline: OutcomeTimeline | undefined): boolean {
  return (timeline?.versions.length ?? 0) < definitionVersionsMax;
}

export function versionInForce(timeline: OutcomeTimeline | undefined, at: Instant): number | null {
  return timeline?.versions.findLast(({ effectiveAt }) => effectiveAt <= at)?.version ?? null;
}

export function withVersion(
  timeline: OutcomeTimeline | undefined,
  added: OutcomeDefinition,
): OutcomeTimeline {
  const { outcomeType, version, effectiveAt } = added;
  const versions = [...(timeline?.versions ?? []), { version, effectiveAt }].sort(compareVersions);
  return { outcomeType, versions };
}

function compareVersions(a: VersionFrom, b: VersionFrom): number {
  return a.effectiveAt - b.effectiveAt || a.version - b.version;
}

/** The field of a definition that cannot be understood, or null. */
export function definitionProblem(definition: OutcomeDefinition): string | null {
  const { reviewFrom, autoAbove, verificationWindowMs } = definition;
  if (!METHODS.has(definition.validationMethod)) return 'validationMethod';
  if (!isUnderstood(definition.criteria)) return 'criteria';
  if (verificationWindowMs <= 0 || verificationWindowMs > verificationWindowMaxMs)
    return 'verificationWindowMs';
  if (!FALLBACKS.has(definition.fallbackAction)) return 'fallbackAction';
  if (autoAbove > ONE) return 'autoAbove';
  return reviewFrom < ZERO || reviewFrom > autoAbove ? 'reviewFrom' : null;
}

/** Whether two records with one version say the same. Field order is that of the schema in both. */
export function sameDefinition(a: OutcomeDefinition, b: OutcomeDefinition): boolean {
  return textOf(a) === textOf(b);
}

function textOf(definition: OutcomeDefinition): string {
  return JSON.stringify(definition, (_key, value: unknown) =>
    typeof value === 'bigint' ? `${value}` : value,
  );
}
