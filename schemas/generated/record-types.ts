// Generated from records/*.avsc and state/*.avsc by npm run generate; do not edit.
import type { Account } from './account.ts';
import type { AdmissionBlock } from './admission-block.ts';
import type { Balance } from './balance.ts';
import type { Barrier } from './barrier.ts';
import type { Charge } from './charge.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { ClockTick } from './clock-tick.ts';
import type { Contract } from './contract.ts';
import type { CostEvent } from './cost-event.ts';
import type { CreditAccount } from './credit-account.ts';
import type { CreditBooking } from './credit-booking.ts';
import type { CreditPayment } from './credit-payment.ts';
import type { DeadLetter } from './dead-letter.ts';
import type { FeeSchedule } from './rating-fee-schedule.ts';
import type { HeldOutcome } from './rating-held-outcome.ts';
import type { Invoice } from './invoice.ts';
import type { InvoiceAccount } from './invoice-account.ts';
import type { InvoiceCell } from './invoice-cell.ts';
import type { InvoiceDraft } from './invoice-draft.ts';
import type { InvoiceItem } from './invoice-item.ts';
import type { InvoiceRollup } from './invoice-rollup.ts';
import type { JournalEntry } from './journal-entry.ts';
import type { OutcomeCase } from './outcome-case.ts';
import type { OutcomeClaim } from './outcome-claim.ts';
import type { OutcomeCounts } from './rating-outcome-counts.ts';
import type { OutcomeDecision } from './outcome-decision.ts';
import type { OutcomeDefinition } from './outcome-definition.ts';
import type { OutcomeEvidence } from './outcome-evidence.ts';
import type { OutcomeTimeline } from './outcome-timeline.ts';
import type { OutcomeVerification } from './outcome-verification.ts';
import type { PaymentEvent } from './payment-event.ts';
import type { PriceBook } from './price-book.ts';
import type { PriceBookIndex } from './price-book-index.ts';
import type { RatingTerms } from './rating-terms.ts';
import type { Refusal } from './refusal.ts';
import type { Step } from './step.ts';
import type { SuspendedUse } from './rating-suspended-use.ts';
import type { SuspenseQueue } from './price-suspense-queue.ts';
import type { SuspenseSlot } from './price-suspense-slot.ts';
import type { UsageEvent } from './usage-event.ts';

/** Every record by name. */
export interface RecordTypes {
  readonly Account: Account;
  readonly AdmissionBlock: AdmissionBlock;
  readonly Balance: Balance;
  readonly Barrier: Barrier;
  readonly Charge: Charge;
  readonly Checkpoint: Checkpoint;
  readonly ClockTick: ClockTick;
  readonly Contract: Contract;
  readonly CostEvent: CostEvent;
  readonly CreditAccount: CreditAccount;
  readonly CreditBooking: CreditBooking;
  readonly CreditPayment: CreditPayment;
  readonly DeadLetter: DeadLetter;
  readonly FeeSchedule: FeeSchedule;
  readonly HeldOutcome: HeldOutcome;
  readonly Invoice: Invoice;
  readonly InvoiceAccount: InvoiceAccount;
  readonly InvoiceCell: InvoiceCell;
  readonly InvoiceDraft: InvoiceDraft;
  readonly InvoiceItem: InvoiceItem;
  readonly InvoiceRollup: InvoiceRollup;
  readonly JournalEntry: JournalEntry;
  readonly OutcomeCase: OutcomeCase;
  readonly OutcomeClaim: OutcomeClaim;
  readonly OutcomeCounts: OutcomeCounts;
  readonly OutcomeDecision: OutcomeDecision;
  readonly OutcomeDefinition: OutcomeDefinition;
  readonly OutcomeEvidence: OutcomeEvidence;
  readonly OutcomeTimeline: OutcomeTimeline;
  readonly OutcomeVerification: OutcomeVerification;
  readonly PaymentEvent: PaymentEvent;
  readonly PriceBook: PriceBook;
  readonly PriceBookIndex: PriceBookIndex;
  readonly RatingTerms: RatingTerms;
  readonly Refusal: Refusal;
  readonly Step: Step;
  readonly SuspendedUse: SuspendedUse;
  readonly SuspenseQueue: SuspenseQueue;
  readonly SuspenseSlot: SuspenseSlot;
  readonly UsageEvent: UsageEvent;
}

export type RecordName = keyof RecordTypes;

/** The schema file of each record, relative to schemas/. */
export const RECORD_FILES: Readonly<Record<RecordName, string>> = {
  Account: 'records/account.avsc',
  AdmissionBlock: 'records/admission-block.avsc',
  Balance: 'records/balance.avsc',
  Barrier: 'records/barrier.avsc',
  Charge: 'records/charge.avsc',
  Checkpoint: 'records/checkpoint.avsc',
  ClockTick: 'records/clock-tick.avsc',
  Contract: 'records/contract.avsc',
  CostEvent: 'records/cost-event.avsc',
  CreditAccount: 'state/credit-account.avsc',
  CreditBooking: 'state/credit-booking.avsc',
  CreditPayment: 'state/credit-payment.avsc',
  DeadLetter: 'records/dead-letter.avsc',
  FeeSchedule: 'state/rating-fee-schedule.avsc',
  HeldOutcome: 'state/rating-held-outcome.avsc',
  Invoice: 'records/invoice.avsc',
  InvoiceAccount: 'state/invoice-account.avsc',
  InvoiceCell: 'state/invoice-cell.avsc',
  InvoiceDraft: 'state/invoice-draft.avsc',
  InvoiceItem: 'state/invoice-item.avsc',
  InvoiceRollup: 'records/invoice-rollup.avsc',
  JournalEntry: 'records/journal-entry.avsc',
  OutcomeCase: 'state/outcome-case.avsc',
  OutcomeClaim: 'records/outcome-claim.avsc',
  OutcomeCounts: 'state/rating-outcome-counts.avsc',
  OutcomeDecision: 'records/outcome-decision.avsc',
  OutcomeDefinition: 'records/outcome-definition.avsc',
  OutcomeEvidence: 'state/outcome-evidence.avsc',
  OutcomeTimeline: 'state/outcome-timeline.avsc',
  OutcomeVerification: 'records/outcome-verification.avsc',
  PaymentEvent: 'records/payment-event.avsc',
  PriceBook: 'records/price-book.avsc',
  PriceBookIndex: 'state/price-book-index.avsc',
  RatingTerms: 'state/rating-terms.avsc',
  Refusal: 'records/refusal.avsc',
  Step: 'records/step.avsc',
  SuspendedUse: 'state/rating-suspended-use.avsc',
  SuspenseQueue: 'state/price-suspense-queue.avsc',
  SuspenseSlot: 'state/price-suspense-slot.avsc',
  UsageEvent: 'records/usage-event.avsc',
};
