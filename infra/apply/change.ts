/** One line of what `apply` found: what it would create or alter, what is as wanted, and what it refuses to touch. */
export interface PlannedChange {
  readonly kind: 'topic' | 'schema';
  readonly name: string;
  readonly action: 'create' | 'alter' | 'keep' | 'refuse';
  readonly detail: string;
}
