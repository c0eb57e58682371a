/** Charges as rows of `charges`. */
import type { Charge } from '../../../schemas/generated/charge.ts';
import { causeColumns, tableOf } from '../table.ts';

export const chargesTable = tableOf<Charge>('charges', [
  ['charge_id', (out, charge) => out.text(charge.chargeId)],
  ['account_id', (out, charge) => out.text(charge.accountId)],
  ['kind', (out, charge) => out.text(charge.kind)],
  ['status', (out, charge) => out.text(charge.status)],
  ['line_class', (out, charge) => out.text(charge.lineClass)],
  ['request_id', (out, charge) => out.text(charge.requestId)],
  ['decision_id', (out, charge) => out.text(charge.decisionId)],
  ['amends', (out, charge) => out.text(charge.amends)],
  ['amount', (out, charge) => out.amount(charge.amount)],
  ['currency', (out, charge) => out.text(charge.currency)],
  ['component_items', (out, charge) => out.texts(charge.components, (part) => part.item)],
  ['component_quantities', (out, charge) => out.integers(charge.components, (part) => part.quantity)],
  ['component_unit_prices', (out, charge) => out.amounts(charge.components, (part) => part.unitPrice)],
  ['component_amounts', (out, charge) => out.amounts(charge.components, (part) => part.amount)],
  ['contract_id', (out, charge) => out.text(charge.contractId)],
  ['contract_version', (out, charge) => out.integer(charge.contractVersion)],
  ['price_book_id', (out, charge) => out.text(charge.priceBookId)],
  ['price_book_version', (out, charge) => out.integer(charge.priceBookVersion)],
  ['suspense_reason', (out, charge) => out.text(charge.suspenseReason)],
  ['project_id', (out, charge) => out.text(charge.projectId)],
  ['cost_centre', (out, charge) => out.text(charge.costCentre)],
  ['api_key_id', (out, charge) => out.text(charge.apiKeyId)],
  ['provider', (out, charge) => out.text(charge.provider)],
  ['model', (out, charge) => out.text(charge.model)],
  ['occurred_at', (out, charge) => out.instant(charge.occurredAt)],
  ['recorded_at', (out, charge) => out.instant(charge.recordedAt)],
  ...causeColumns<Charge>(),
]);
