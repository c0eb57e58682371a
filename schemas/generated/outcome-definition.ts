// Generated from records/outcome-definition.avsc by npm run generate; do not edit.
import type { Amount } from '../amount.ts';
import type { Instant } from '../instant.ts';

/** What counts as an outcome and how it is verified (O1). */
export interface OutcomeDefinition {
  readonly outcomeType: string;
  readonly version: number;
  readonly effectiveAt: Instant;
  /** webhook_callback, crm_integration or api_response. */
  readonly validationMethod: string;
  readonly criteria: Criterion;
  readonly requiredFields: readonly string[];
  readonly minimumQualityScore: Amount | null;
  readonly verificationWindowMs: number;
  /** charge_base_rate or reject. */
  readonly fallbackAction: string;
  /** Confidence strictly above this is billed automatically (0.9). */
  readonly autoAbove: Amount;
  /** Confidence from this up to autoAbove, both included, goes to review (0.7). */
  readonly reviewFrom: Amount;
  readonly policyVersion: string;
}

/** A leaf (field, operator, values) or a node (and, or) over children. */
export interface Criterion {
  /** equals, not_equals, greater_than, at_least, less_than, in, exists, and, or. */
  readonly operator: string;
  readonly field: string | null;
  readonly values: readonly string[];
  readonly children: readonly Criterion[];
}
