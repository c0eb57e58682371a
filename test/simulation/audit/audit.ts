/**
 * The audit of one run: a plain program over what was sent and what was written, with none of the services' rules.
 *
 * Boundary: imports schemas/ for decoding and types and reads through the log port; nothing of services/, of
 * infra/proof/ or of the rules in topology/.
 */
import { checkInvoices, checkLines } from './check-invoices.ts';
import { checkJournal } from './check-journal.ts';
import { checkOutcomes } from './check-outcomes.ts';
import { checkUses } from './check-uses.ts';
import { expectCharges, expectLines } from './expect-invoices.ts';
import { expectDecisions } from './expect-outcomes.ts';
import { expectUses } from './expect-uses.ts';
import { inputOf } from './input.ts';
import { type Outputs, readOutputs } from './outputs.ts';
import type { Book } from './read.ts';
import type { Sent } from './sent.ts';

export interface Audited {
  readonly violations: readonly string[];
  readonly acceptedUses: number;
  readonly outputs: Outputs;
}

/** `isPaced`: every tick came when all before it was worked off, so that it can be foretold what it closed. */
export async function audit(book: Book, sent: readonly Sent[], isPaced: boolean): Promise<Audited> {
  const violations: string[] = [];
  const report = (invariant: string, message: string): void =>
    void violations.push(`${invariant} ${message}`);
  const input = inputOf(book, sent);
  const outputs = await readOutputs(book);
  const uses = expectUses(input);
  checkUses(uses, outputs, report);
  checkJournal(input, outputs, report);
  checkInvoices(input, outputs, report);
  const decisions = isPaced ? expectDecisions(input) : null;
  checkOutcomes(decisions, outputs, report);
  if (decisions !== null) {
    const charges = expectCharges(input, uses.accepted, decisions);
    checkLines(input, expectLines(input, charges), outputs, report);
  }
  return { violations, acceptedUses: uses.accepted.size, outputs };
}
