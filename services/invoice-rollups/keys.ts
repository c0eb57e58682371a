/** Keys of the tables. Account ids hold no slash, so the parts cannot run together. */
import type { AccountId } from '../../schemas/ids.ts';

export function draftKey(accountId: AccountId, period: string): string {
  return `${accountId}/${period}`;
}

export function cellKey(draft: string, lineClass: string, costCentre: string): string {
  return `${draft}/${lineClass}/${costCentre}`;
}

export function waitingKey(accountId: AccountId, number: number): string {
  return `${accountId}/${number}`;
}
