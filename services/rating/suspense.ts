/**
 * Uses and outcomes that wait, and what becomes of them when something arrives.
 *
 * Job: the same plan for `decide`, which writes the charges of it, and for `evolve`, which carries it out. Boundary:
 * the queues themselves are in `../pricing/suspense-queue.ts`.
 *
 * Invariants:
 *  1. Reviewing changes nothing; its result depends on the view and the slots alone.
 *  2. An item is in its table exactly as long as it waits, and stands in every queue that may end its wait.
 */
import type { HeldOutcome } from '../../schemas/generated/rating-held-outcome.ts';
import type { SuspendedUse } from '../../schemas/generated/rating-suspended-use.ts';
import { join, leave } from '../pricing/suspense-queue.ts';
import { type OpenSlot, pass } from '../pricing/suspense-release.ts';
import { assessOutcome, type Chargeable, type HeldBack, type Outcome } from './assess-outcome.ts';
import { assessUse, type Blocked, type Priceable, type Use } from './assess-use.ts';
import type { RatingTables, View } from './model.ts';

type Wait = SuspendedUse['waits'][number];

export type Reviewed =
  | { readonly kind: 'use'; readonly use: SuspendedUse; readonly found: Priceable | Blocked }
  | { readonly kind: 'outcome'; readonly outcome: HeldOutcome; readonly found: Chargeable | HeldBack };

/** Looks again at every item in these slots, once each. */
export function review(
  tables: Pick<RatingTables, 'suspendedUses' | 'heldOutcomes'>,
  view: View,
  slots: readonly OpenSlot[],
): readonly Reviewed[] {
  const reviewed: Reviewed[] = [];
  for (const item of new Set(slots.map((slot) => slot.item))) {
    const [kind, key] = item === null ? [null, ''] : [item.slice(0, 3), item.slice(4)];
    const use = kind === 'use' ? tables.suspendedUses.get(key) : undefined;
    const outcome = kind === 'out' ? tables.heldOutcomes.get(key) : undefined;
    if (use !== undefined) reviewed.push({ kind: 'use', use, found: assessUse(view, use) });
    if (outcome !== undefined) {
      reviewed.push({ kind: 'outcome', outcome, found: assessOutcome(view, outcome) });
    }
  }
  return reviewed;
}

export function suspendUse(tables: RatingTables, use: Use, { things }: Blocked): void {
  const waits = joinAll(tables, things, `use:${useKey(use)}`);
  tables.suspendedUses.set(useKey(use), { ...keptOf(use), waits });
}

export function holdOutcome(tables: RatingTables, outcome: Outcome, { things }: HeldBack): void {
  const waits = joinAll(tables, things, `out:${outcomeKey(outcome)}`);
  tables.heldOutcomes.set(outcomeKey(outcome), { ...heldOf(outcome), waits });
}

/** Carries a review out: who got a price leaves every queue, who did not stands in those that now may help. */
export function settle(
  tables: RatingTables,
  slots: readonly OpenSlot[],
  reviewed: readonly Reviewed[],
): void {
  pass(tables, slots);
  for (const item of reviewed) {
    if (item.kind === 'use') settleUse(tables, item.use, item.found);
    else settleOutcome(tables, item.outcome, item.found);
  }
}

function settleUse(tables: RatingTables, use: SuspendedUse, found: Priceable | Blocked): void {
  leaveAll(tables, use.waits);
  if (found.kind === 'blocked') suspendUse(tables, use, found);
  else tables.suspendedUses.delete(useKey(use));
}

function settleOutcome(tables: RatingTables, outcome: HeldOutcome, found: Chargeable | HeldBack): void {
  leaveAll(tables, outcome.waits);
  if (found.kind === 'held') holdOutcome(tables, outcome, found);
  else tables.heldOutcomes.delete(outcomeKey(outcome));
}

function joinAll(tables: RatingTables, things: readonly string[], item: string): readonly Wait[] {
  return things.map((thing) => ({ thing, slot: join(tables, thing, item) }));
}

function leaveAll(tables: RatingTables, waits: readonly Wait[]): void {
  for (const { thing, slot } of waits) leave(tables, thing, slot);
}

function useKey(use: Use): string {
  return `${use.accountId}/${use.requestId}`;
}

function outcomeKey(outcome: Outcome): string {
  return `${outcome.accountId}/${outcome.decisionId}`;
}

/** A usage event has more fields than a suspended use keeps. */
function keptOf(use: Use): Use {
  const { requestId, accountId, provider, model, serviceTier, inputTokens, outputTokens } = use;
  const { cacheReadTokens, cacheWriteTokens, reasoningTokens } = use;
  const { projectId, costCentre, apiKeyId, occurredAt } = use;
  return {
    requestId,
    accountId,
    provider,
    model,
    serviceTier,
    inputTokens,
    outputTokens,
    cacheReadTokens,
    cacheWriteTokens,
    reasoningTokens,
    projectId,
    costCentre,
    apiKeyId,
    occurredAt,
  };
}

function heldOf(outcome: Outcome): Outcome {
  const { decisionId, accountId, outcomeType, basis, projectId, costCentre, claimedAt } = outcome;
  return { decisionId, accountId, outcomeType, basis, projectId, costCentre, claimedAt };
}
