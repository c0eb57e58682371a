/**
 * Every topic of the system: which record it carries, what its key is, who may write it, how long it is kept.
 *
 * Boundary: a table and look-ups over it. Creating topics is a deploy step (`ledger apply`).
 *
 * Invariants:
 *  1. One service writes a topic; facts from outside are written by `producers` and the gateway.
 *  2. All topics that meet in one service have the same key and partition count (co-partitioned).
 *  3. Only `balances` and changelogs are compacted; everything else is kept for ever.
 */
import type { RecordName } from '../schemas/generated/record-types.ts';

export type ServiceName =
  | 'cost-attribution'
  | 'outcome-confidence'
  | 'rating'
  | 'credit-balances'
  | 'invoice-rollups';

export type Writer = ServiceName | 'gateway' | 'producers' | 'ticker';

/** `account`: the billing account id. `copies`: one copy to every partition, keyed by the partition number. */
export type KeyKind = 'account' | 'copies';

interface TopicRule {
  readonly record: RecordName;
  readonly key: KeyKind;
  readonly writers: readonly Writer[];
  readonly compacted?: true;
}

/** Records that a service reads or writes as facts. The `-rejected`, `-changelog` and `-steps` topics are derived. */
export const TOPICS = {
  'usage-events': { record: 'UsageEvent', key: 'account', writers: ['gateway', 'producers'] },
  'outcome-claims': { record: 'OutcomeClaim', key: 'account', writers: ['gateway', 'producers'] },
  'outcome-verifications': {
    record: 'OutcomeVerification',
    key: 'account',
    writers: ['gateway', 'producers'],
  },
  'payment-events': { record: 'PaymentEvent', key: 'account', writers: ['gateway'] },
  accounts: { record: 'Account', key: 'account', writers: ['gateway'] },
  contracts: { record: 'Contract', key: 'account', writers: ['gateway'] },
  'price-books': { record: 'PriceBook', key: 'copies', writers: ['gateway'] },
  'outcome-definitions': { record: 'OutcomeDefinition', key: 'copies', writers: ['gateway'] },
  'clock-ticks': { record: 'ClockTick', key: 'copies', writers: ['ticker'] },
  'cost-events': { record: 'CostEvent', key: 'account', writers: ['cost-attribution'] },
  'outcome-decisions': { record: 'OutcomeDecision', key: 'account', writers: ['outcome-confidence'] },
  charges: { record: 'Charge', key: 'account', writers: ['rating'] },
  journal: { record: 'JournalEntry', key: 'account', writers: ['credit-balances'] },
  balances: { record: 'Balance', key: 'account', writers: ['credit-balances'], compacted: true },
  invoices: { record: 'Invoice', key: 'account', writers: ['invoice-rollups'] },
  'invoice-rollups': { record: 'InvoiceRollup', key: 'account', writers: ['invoice-rollups'] },
} as const satisfies Readonly<Record<string, TopicRule>>;

export type TopicName = keyof typeof TOPICS;

/** The record type that a topic carries. */
export type RecordOf<T extends TopicName> = (typeof TOPICS)[T]['record'];

export const SERVICES: readonly ServiceName[] = [
  'cost-attribution',
  'outcome-confidence',
  'rating',
  'credit-balances',
  'invoice-rollups',
];

const FROM_OUTSIDE: ReadonlySet<string> = new Set(
  Object.entries(TOPICS).flatMap(([topic, { writers }]) =>
    writers.every((writer) => SERVICES.some((service) => service === writer)) ? [] : [topic],
  ),
);

/** Whether somebody besides our services writes the topic, so that its records may hold anything. */
export function isFromOutside(topic: TopicName): boolean {
  return FROM_OUTSIDE.has(topic);
}

/** The topics a service writes besides its outputs: what it rejected, its state, its steps. */
export function serviceTopics(service: ServiceName): {
  readonly rejected: string;
  readonly changelog: string;
  readonly steps: string;
} {
  return { rejected: `${service}-rejected`, changelog: `${service}-changelog`, steps: `${service}-steps` };
}
