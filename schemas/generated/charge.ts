// Generated from records/charge.avsc by npm run generate; do not edit.
import type { Amount } from '../amount.ts';
import type { AccountId } from '../ids.ts';
import type { Instant } from '../instant.ts';

/** A rated, immutable amount owed for a use, an outcome or a fee. */
export interface Charge {
  readonly chargeId: string;
  readonly accountId: AccountId;
  /** usage, usage_backfill, outcome, outcome_fallback or base_fee. */
  readonly kind: string;
  /** rated or suspense: a use without a price is owed nothing until its price arrives (C7). */
  readonly status: string;
  /** usage, outcome or fee: the invoice line it belongs to. */
  readonly lineClass: string;
  readonly requestId: string | null;
  readonly decisionId: string | null;
  /** The charge that this one completes or corrects. */
  readonly amends: string | null;
  readonly amount: Amount;
  readonly currency: string;
  readonly components: readonly ChargeComponent[];
  readonly contractId: string | null;
  readonly contractVersion: number | null;
  readonly priceBookId: string | null;
  readonly priceBookVersion: number | null;
  readonly suspenseReason: string | null;
  readonly projectId: string | null;
  readonly costCentre: string | null;
  readonly apiKeyId: string | null;
  readonly provider: string | null;
  readonly model: string | null;
  /** When the service was used; decides the charge period. */
  readonly occurredAt: Instant;
  /** Append time of the cause. */
  readonly recordedAt: Instant;
  readonly cause: Cause;
}

export interface ChargeComponent {
  /** Token class, outcome type or fee. */
  readonly item: string;
  readonly quantity: number;
  readonly unitPrice: Amount;
  readonly amount: Amount;
}

/** The input record that led to this one; any amount can be walked back along causes. */
export interface Cause {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}
