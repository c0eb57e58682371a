/**
 * Job: turn a record and its topic into what is written: key, partition, framed Avro, CloudEvents headers.
 *
 * Boundary: pure. When it is written, and in which batch, is the publisher's matter.
 *
 * Invariants:
 *  1. A record of an account goes to the partition that murmur2 of its account id names, whoever writes it.
 *  2. Headers are CloudEvents 1.0 in binary mode. Ids are unique per account only, so `ce_source` names the account
 *     too: source and id together name a fact, and a record that is sent again carries the same pair.
 *  3. `ce_time` comes from the record. No clock is read here.
 */
import { encodeFramed } from '../schemas/codec.ts';
import type { RecordTypes } from '../schemas/generated/record-types.ts';
import { formatInstant, type Instant } from '../schemas/instant.ts';
import { CONTENT_TYPE, SPEC_VERSION } from './cloud-events.ts';
import type { Header, OutgoingRecord } from './log.ts';
import { partitionOf } from './partitioner.ts';
import { fullNameOf } from './subjects.ts';
import { type RecordOf, TOPICS, type TopicName } from './topics.ts';

/** Topics whose records come from outside the processors. */
export type PublishedTopic =
  | 'usage-events'
  | 'outcome-claims'
  | 'outcome-verifications'
  | 'payment-events'
  | 'accounts'
  | 'contracts'
  | 'price-books'
  | 'outcome-definitions'
  | 'clock-ticks';

type ValueOf<T extends TopicName> = RecordTypes[RecordOf<T>];

/** One record to be published. */
export type Publication = {
  readonly [T in PublishedTopic]: { readonly topic: T; readonly value: ValueOf<T> };
}[PublishedTopic];

/** What names a record to people and to CloudEvents. Reference data belongs to no account. */
export interface RecordIdentity {
  readonly id: string;
  readonly accountId: string | null;
  readonly time: Instant;
}

export interface Framing {
  /** Beginning of `ce_source`: who publishes, as a path. */
  readonly source: string;
  readonly partitions: number;
  readonly schemaId: number;
}

/** The records to be written for one publication: one, or one for every partition where the topic is copied. */
export function outgoingRecords(publication: Publication, framing: Framing): readonly OutgoingRecord[] {
  const { topic, value } = publication;
  const rule = TOPICS[topic];
  const identity = identityOf(publication);
  const shared = {
    topic,
    value: encodeFramed(rule.record, value, framing.schemaId),
    headers: headersOf(fullNameOf(rule.record), identity, framing.source),
  };
  if (identity.accountId !== null) {
    const key = Buffer.from(identity.accountId);
    return [{ ...shared, key, partition: partitionOf(key, framing.partitions) }];
  }
  return Array.from({ length: framing.partitions }, (_, partition) => ({
    ...shared,
    key: Buffer.from(String(partition)),
    partition,
  }));
}

export function identityOf(publication: Publication): RecordIdentity {
  const { topic, value } = publication;
  switch (topic) {
    case 'usage-events':
      return { id: value.requestId, accountId: value.accountId, time: value.occurredAt };
    case 'outcome-claims':
      return { id: value.claimId, accountId: value.accountId, time: value.claimedAt };
    case 'outcome-verifications':
      return { id: value.verificationId, accountId: value.accountId, time: value.verifiedAt };
    case 'payment-events':
      return { id: value.paymentId, accountId: value.accountId, time: value.occurredAt };
    case 'accounts':
      return { id: versioned(value.accountId, value), accountId: value.accountId, time: value.effectiveAt };
    case 'contracts':
      return { id: versioned(value.contractId, value), accountId: value.accountId, time: value.effectiveAt };
    case 'price-books':
      return {
        id: `${versioned(value.priceBookId, value)}/${value.part}`,
        accountId: null,
        time: value.effectiveAt,
      };
    case 'outcome-definitions':
      return { id: versioned(value.outcomeType, value), accountId: null, time: value.effectiveAt };
    case 'clock-ticks':
      return { id: String(value.sequence), accountId: null, time: value.time };
  }
}

function versioned(name: string, { version }: { readonly version: number }): string {
  return `${name}/${version}`;
}

function headersOf(type: string, identity: RecordIdentity, source: string): readonly Header[] {
  const { id, accountId, time } = identity;
  const headers: Header[] = [
    SPEC_VERSION,
    ['ce_id', Buffer.from(id)],
    ['ce_source', Buffer.from(accountId === null ? source : `${source}/accounts/${accountId}`)],
    ['ce_type', Buffer.from(type)],
    ['ce_time', Buffer.from(formatInstant(time))],
    CONTENT_TYPE,
  ];
  if (accountId !== null) headers.push(['ce_partitionkey', Buffer.from(accountId)]);
  return headers;
}
