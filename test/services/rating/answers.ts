/** Short texts for what rating answers, so that a table can say what is expected on one line. */
import { formatAmount } from '../../../schemas/amount.ts';
import type { Charge } from '../../../schemas/generated/charge.ts';
import { formatInstant } from '../../../schemas/instant.ts';
import { rating } from '../../../services/rating/processor.ts';
import type { Output, RefusalOutput } from '../../../topology/processor.ts';
import { scenario } from '../../support/scenario.ts';

type Answer = Output | RefusalOutput;

export const world = () => scenario(rating);

export function chargesIn(answers: readonly Answer[]): readonly Charge[] {
  return answers.flatMap((answer) => (answer.topic === 'charges' ? [answer.value] : []));
}

/** `use:r-1 usage rated 0.0035 USD`, or `refused price_missing model`. */
export function brief(answers: readonly Answer[]): readonly string[] {
  return answers.map((answer) => {
    if (answer.topic === 'rejected') return `refused ${answer.code} ${answer.field ?? '-'}`;
    if (answer.topic !== 'charges') return answer.topic;
    const { chargeId, kind, status, amount, currency, suspenseReason } = answer.value;
    const reason = suspenseReason === null ? '' : ` ${suspenseReason}`;
    return `${chargeId} ${kind} ${status} ${formatAmount(amount)} ${currency}${reason}`;
  });
}

/** `item quantity x unit = amount` for each component of the only charge. */
export function componentsOf(answers: readonly Answer[]): readonly string[] {
  return chargesIn(answers).flatMap(({ components }) =>
    components.map(
      ({ item, quantity, unitPrice, amount }) =>
        `${item} ${quantity} x ${formatAmount(unitPrice)} = ${formatAmount(amount)}`,
    ),
  );
}

export function datesOf(answers: readonly Answer[]): readonly string[] {
  return chargesIn(answers).map(({ chargeId, occurredAt }) => `${chargeId} ${formatInstant(occurredAt)}`);
}

/** What is owed after everything: the sum over the charges, per currency. */
export function totals(answers: readonly Answer[]): Readonly<Record<string, string>> {
  const sums = new Map<string, bigint>();
  for (const { currency, amount } of chargesIn(answers)) {
    if (amount !== 0n) sums.set(currency, (sums.get(currency) ?? 0n) + BigInt(amount));
  }
  return Object.fromEntries([...sums].map(([currency, sum]) => [currency, sum.toString()]).sort());
}
