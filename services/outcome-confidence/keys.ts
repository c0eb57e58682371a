/** Keys of the tables. Account ids hold no slash; a version is digits only; so the parts cannot run together. */
import type { AccountId } from '../../schemas/ids.ts';

/** A claim id is unique within its account. */
export function caseKey({
  accountId,
  claimId,
}: {
  readonly accountId: AccountId;
  readonly claimId: string;
}): string {
  return `${accountId}/${claimId}`;
}

export function definitionKey(outcomeType: string, version: number): string {
  return `${version}/${outcomeType}`;
}
