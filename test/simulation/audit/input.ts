/**
 * The input as the auditor sees it: what was sent, decoded and sorted by kind, each with the stage it came in.
 */
import type { Account } from '../../../schemas/generated/account.ts';
import type { Contract } from '../../../schemas/generated/contract.ts';
import type { OutcomeClaim } from '../../../schemas/generated/outcome-claim.ts';
import type { OutcomeDefinition } from '../../../schemas/generated/outcome-definition.ts';
import type { OutcomeVerification } from '../../../schemas/generated/outcome-verification.ts';
import type { PaymentEvent } from '../../../schemas/generated/payment-event.ts';
import type { PriceBook } from '../../../schemas/generated/price-book.ts';
import type { RecordName, RecordTypes } from '../../../schemas/generated/record-types.ts';
import type { UsageEvent } from '../../../schemas/generated/usage-event.ts';
import { type Book, decodeValue } from './read.ts';
import type { Sent } from './sent.ts';

export interface Staged<V> {
  readonly value: V;
  readonly stage: number;
  readonly appendedAt: number;
}

export interface AuditInput {
  readonly uses: readonly Staged<UsageEvent>[];
  /** Codes of the records on usage-events that nobody can read. */
  readonly unreadable: readonly string[];
  readonly accounts: ReadonlyMap<string, Staged<Account>>;
  readonly contracts: ReadonlyMap<string, Staged<Contract>>;
  readonly books: readonly Staged<PriceBook>[];
  readonly definitions: ReadonlyMap<string, OutcomeDefinition>;
  readonly claims: readonly Staged<OutcomeClaim>[];
  readonly verifications: readonly Staged<OutcomeVerification>[];
  readonly payments: readonly Staged<PaymentEvent>[];
  /** Stream time in each stage, for the stages that were begun. */
  readonly streamTimes: readonly (number | null)[];
  readonly lastTick: number;
}

export function inputOf(book: Book, sent: readonly Sent[]): AuditInput {
  const topics = new Map<string, Sent[]>();
  for (const record of sent) {
    const list = topics.get(record.topic) ?? [];
    list.push(record);
    topics.set(record.topic, list);
  }
  const of = <N extends RecordName>(topic: string, name: N): readonly Staged<RecordTypes[N]>[] =>
    (topics.get(topic) ?? [])
      .filter(({ deadCode }) => deadCode === null)
      .map(({ value, stage, appendedAt }) => {
        const decoded = decodeValue(book, name, value);
        if (decoded?.ok !== true) throw new Error(`the auditor cannot read its own ${name}`);
        return { value: decoded.value, stage, appendedAt };
      });
  // One copy of what is copied to every partition.
  const copies = <N extends RecordName>(topic: string, name: N) =>
    of(topic, name).filter((_, index) => topics.get(topic)?.[index]?.partition === 0);
  const streamTimes: (number | null)[] = [];
  for (const { stage, streamTime } of sent) streamTimes[stage] = streamTime;
  return {
    uses: of('usage-events', 'UsageEvent'),
    unreadable: (topics.get('usage-events') ?? []).flatMap(({ deadCode }) => deadCode ?? []),
    accounts: new Map(of('accounts', 'Account').map((staged) => [staged.value.accountId, staged])),
    contracts: new Map(of('contracts', 'Contract').map((staged) => [staged.value.accountId, staged])),
    books: copies('price-books', 'PriceBook'),
    definitions: new Map(
      copies('outcome-definitions', 'OutcomeDefinition').map(({ value }) => [value.outcomeType, value]),
    ),
    claims: of('outcome-claims', 'OutcomeClaim'),
    verifications: of('outcome-verifications', 'OutcomeVerification'),
    payments: of('payment-events', 'PaymentEvent'),
    streamTimes,
    lastTick: Math.max(...sent.map(({ streamTime }) => streamTime ?? 0)),
  };
}
