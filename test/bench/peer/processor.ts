/**
 * The peer's work as a processor of ours: drop a use that was seen before, price it, move the balance, emit the charge.
 *
 * Boundary: what the peer does, no more and no less, and nothing of our services. The runtime around it (intake, step,
 * store, changelog, step records, digests, transactions) is the real one.
 */
import { type Amount, amountOfUnits, parseAmount } from '../../../schemas/amount.ts';
import { subtractAmounts } from '../../../schemas/amount-arithmetic.ts';
import type { AdmissionBlock } from '../../../schemas/generated/admission-block.ts';
import type { AnyProcessor, Input, Output, Table } from '../../../topology/processor.ts';
import { table } from '../../../topology/processor.ts';
import { exact, type PeerPrice } from './prices.ts';
import { RecentIds } from './recent-ids.ts';
import { type PeerBalance, type PeerCharge, type PeerUse, splitLong, USE_FIELDS } from './records.ts';

/** Every account starts with as much, as the peer has it. */
const START_BALANCE: Amount = parseAmount('1000000');

interface PeerTables {
  readonly balances: Table<PeerBalance>;
  readonly seen: Table<AdmissionBlock>;
}

/** Topic names and records are lent (see `records.ts`), so the compiler is told here what they hold. */
function lent<T>(value: unknown): T {
  return value as T;
}

export function peerLedger(prices: ReadonlyMap<string, PeerPrice>): AnyProcessor {
  const windows = new WeakMap<object, RecentIds>();
  // Looked up only where the tables are others than before, since this is asked twice for every use.
  let last: { readonly tables: PeerTables; readonly window: RecentIds } | null = null;
  const windowOf = (tables: PeerTables): RecentIds => {
    if (last?.tables === tables) return last.window;
    const window = windows.get(tables) ?? new RecentIds(tables.seen);
    windows.set(tables, window);
    last = { tables, window };
    return window;
  };
  return {
    service: 'rating',
    inputs: ['cost-events'],
    outputs: ['charges'],
    reads: { 'cost-events': USE_FIELDS },
    tables: { balances: table('Balance'), seen: table('AdmissionBlock') },
    decide(anyTables, { value }: Input): readonly Output[] {
      const tables: PeerTables = lent(anyTables);
      const use: PeerUse = lent(value);
      if (windowOf(tables).has(use)) return [];
      const charge = chargeOf(use, prices.get(use.model), tables.balances.get(use.accountId)?.amount);
      return [lent({ topic: 'charges', key: use.accountId, value: charge })];
    },
    evolve(anyTables, fact) {
      if (fact.topic !== 'charges') return;
      const tables: PeerTables = lent(anyTables);
      const charge: PeerCharge = lent(fact.value);
      windowOf(tables).add(charge);
      tables.balances.set(charge.accountId, { amount: charge.balanceAfter });
    },
  };
}

function chargeOf(use: PeerUse, price: PeerPrice | undefined, before: Amount = START_BALANCE): PeerCharge {
  if (price === undefined) throw new Error(`there is no price for ${use.model}`);
  const amount = exact(
    exact(use.inputTokens * price.input) +
      exact(use.outputTokens * price.output) +
      exact(use.cachedInputTokens * price.cached),
  );
  const balanceAfter = subtractAmounts(before, amountOfUnits(BigInt(amount)));
  const { low, high } = splitLong(balanceAfter);
  return {
    chargeId: `chg_${use.requestId}`,
    accountId: use.accountId,
    requestId: use.requestId,
    model: price.model,
    amount,
    balanceAfter,
    balanceAfterLow: low,
    balanceAfterHigh: high,
    priceVersion: price.version,
    occurredAt: use.occurredAt,
  };
}
