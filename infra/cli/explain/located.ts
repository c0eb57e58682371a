/**
 * Records with their place on the log, and how they name each other.
 *
 * Job: decode what an explanation may meet, and say for each record by which ids it is known (`own`) and which
 * records it follows from (`up`). Ids carry their kind, since a request and a payment may have the same text.
 */
import type { Decoded } from '../../../schemas/codec.ts';
import type { RecordName, RecordTypes } from '../../../schemas/generated/record-types.ts';
import { type Instant, instantOfMillis } from '../../../schemas/instant.ts';
import type { SchemaDirectory } from '../../../schemas/schema-directory.ts';
import type { LogRecord } from '../../../topology/log.ts';
import type { RecordOf } from '../../../topology/topics.ts';
import { decode } from '../topic-scan.ts';

/** From cause to effect, so that one pass in this order meets every record after the one it follows from. */
export const EXPLAINED_TOPICS = [
  'usage-events',
  'outcome-claims',
  'outcome-verifications',
  'payment-events',
  'cost-events',
  'outcome-decisions',
  'charges',
  'journal',
] as const;

export type ExplainedTopic = (typeof EXPLAINED_TOPICS)[number] | 'invoices';

interface PlacedRecord<T extends ExplainedTopic> {
  readonly topic: T;
  readonly partition: number;
  readonly offset: number;
  readonly appendedAt: Instant;
  readonly value: RecordTypes[RecordOf<T>];
}

export type Located = { readonly [T in ExplainedTopic]: PlacedRecord<T> }[ExplainedTopic];

export type LocatedCharge = PlacedRecord<'charges'>;
export type LocatedInvoice = PlacedRecord<'invoices'>;

export interface Links {
  readonly own: readonly string[];
  readonly up: readonly string[];
}

/** Null for a record of another topic, and for one that cannot be read. */
export function locate(directory: SchemaDirectory, record: LogRecord): Located | null {
  const read = <N extends RecordName>(name: N): Decoded<N> => decode(directory, name, record);
  switch (record.topic) {
    case 'usage-events':
      return placed('usage-events', record, read('UsageEvent'));
    case 'outcome-claims':
      return placed('outcome-claims', record, read('OutcomeClaim'));
    case 'outcome-verifications':
      return placed('outcome-verifications', record, read('OutcomeVerification'));
    case 'payment-events':
      return placed('payment-events', record, read('PaymentEvent'));
    case 'cost-events':
      return placed('cost-events', record, read('CostEvent'));
    case 'outcome-decisions':
      return placed('outcome-decisions', record, read('OutcomeDecision'));
    case 'charges':
      return placed('charges', record, read('Charge'));
    case 'journal':
      return placed('journal', record, read('JournalEntry'));
    case 'invoices':
      return placed('invoices', record, read('Invoice'));
    default:
      return null;
  }
}

export function linksOf(located: Located): Links {
  const { topic, value } = located;
  switch (topic) {
    case 'usage-events':
      return { own: [`request:${value.requestId}`], up: [] };
    case 'outcome-claims':
      return { own: [`claim:${value.claimId}`], up: [] };
    case 'outcome-verifications':
      return { own: [`verification:${value.verificationId}`], up: [`claim:${value.claimId}`] };
    case 'payment-events':
      return { own: [`payment:${value.paymentId}`], up: [] };
    case 'cost-events':
      return { own: [`cost:${value.costEventId}`], up: [`request:${value.requestId}`] };
    case 'outcome-decisions':
      return { own: [`decision:${value.decisionId}`], up: [`claim:${value.claimId}`] };
    case 'charges':
      return {
        own: [`charge:${value.chargeId}`],
        up: [...one('request', value.requestId), ...one('decision', value.decisionId)],
      };
    case 'journal':
      return {
        own: [`entry:${value.entryId}`],
        up: [`${REFERENCES[value.kind] ?? value.kind}:${value.reference}`],
      };
    case 'invoices':
      return { own: [`invoice:${value.invoiceNumber}`, `invoice:${value.invoiceId}`], up: [] };
  }
}

/** What the reference of a journal entry names, by the kind of the entry. */
const REFERENCES: Readonly<Record<string, string>> = {
  charge: 'charge',
  payment: 'payment',
  rounding: 'invoice',
};

export function idText(id: string): string {
  return id.slice(id.indexOf(':') + 1);
}

function one(kind: string, id: string | null): readonly string[] {
  return id === null ? [] : [`${kind}:${id}`];
}

function placed<T extends ExplainedTopic, N extends RecordName>(
  topic: T,
  record: LogRecord,
  decoded: Decoded<N>,
) {
  if (!decoded.ok) return null;
  const { partition, offset, appendedAt } = record;
  return { topic, partition, offset, appendedAt: instantOfMillis(appendedAt), value: decoded.value };
}
