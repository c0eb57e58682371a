/** The record types that people may send, and the gateway's endpoint of each. */
import { ENDPOINTS, type Endpoint } from '../../../services/gateway/endpoints.ts';
import type { PublishedTopic } from '../../../topology/publication.ts';

export const SENT_TYPES = {
  usage: 'usage-events',
  claim: 'outcome-claims',
  verification: 'outcome-verifications',
  payment: 'payment-events',
  account: 'accounts',
  contract: 'contracts',
  'price-book': 'price-books',
  'outcome-definition': 'outcome-definitions',
} as const satisfies Readonly<Record<string, PublishedTopic>>;

export type SentType = keyof typeof SENT_TYPES;

export function endpointOf(type: SentType): Endpoint {
  const found = ENDPOINTS.find(({ topic }) => topic === SENT_TYPES[type]);
  if (found === undefined) throw new Error(`the gateway has no endpoint for ${type}`);
  return found;
}
