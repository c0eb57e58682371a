/** Every path that takes records: how a record of it is read, and whether it is a fact or reference data. */
import type { PublishedTopic } from '../../topology/publication.ts';
import { TOPICS } from '../../topology/topics.ts';
import type { MediaType } from './read-items.ts';
import { readAccount } from './requests/account.ts';
import { readContract } from './requests/contract.ts';
import { readOutcomeClaim } from './requests/outcome-claim.ts';
import { readOutcomeDefinition } from './requests/outcome-definition.ts';
import { readOutcomeVerification } from './requests/outcome-verification.ts';
import { readPayment } from './requests/payment.ts';
import { readPriceBook } from './requests/price-book.ts';
import type { RequestReader } from './requests/read-request.ts';
import { readUsage } from './requests/usage.ts';

export interface Endpoint {
  readonly path: string;
  readonly topic: PublishedTopic;
  readonly read: RequestReader;
  readonly mediaTypes: readonly MediaType[];
  /** Whether the payment provider must confirm the body before it is read. */
  readonly isConfirmed: boolean;
}

const json: Pick<Endpoint, 'mediaTypes' | 'isConfirmed'> = { mediaTypes: ['json'], isConfirmed: false };

export const ENDPOINTS: readonly Endpoint[] = [
  {
    path: '/v1/usage',
    topic: 'usage-events',
    read: readUsage,
    mediaTypes: ['json', 'cloud-event', 'cloud-event-batch'],
    isConfirmed: false,
  },
  { path: '/v1/outcomes/claims', topic: 'outcome-claims', read: readOutcomeClaim, ...json },
  {
    path: '/v1/outcomes/verifications',
    topic: 'outcome-verifications',
    read: readOutcomeVerification,
    ...json,
  },
  { path: '/v1/payments', topic: 'payment-events', read: readPayment, ...json, isConfirmed: true },
  { path: '/v1/accounts', topic: 'accounts', read: readAccount, ...json },
  { path: '/v1/contracts', topic: 'contracts', read: readContract, ...json },
  { path: '/v1/price-books', topic: 'price-books', read: readPriceBook, ...json },
  { path: '/v1/outcome-definitions', topic: 'outcome-definitions', read: readOutcomeDefinition, ...json },
];

/** Reference data goes as one copy to every partition. */
export function isCopied(endpoint: Endpoint): boolean {
  return TOPICS[endpoint.topic].key === 'copies';
}
