/**
 * Turns the tallies of all partitions into comparisons, and finds the ids behind those that differ.
 *
 * Invariant: ids are looked up in a second pass, and only on partitions where the flags of some id are not complete.
 */
import { formatAmount } from '../../../schemas/amount.ts';
import { decode, type Source, scan } from '../topic-scan.ts';
import { type Comparison, comparison, NAMED_MAX } from './difference.ts';
import { MoneySums } from './money-sums.ts';
import { idIn, type PartitionTally, SEEN } from './partition-tally.ts';

const USE_COMPLETE = SEEN.usage | SEEN.cost | SEEN.charge;
const CHARGE_COMPLETE = SEEN.booked | SEEN.entry;

export async function chainComparisons(
  source: Source,
  tallies: readonly PartitionTally[],
): Promise<readonly Comparison[]> {
  const total = (pick: (tally: PartitionTally) => MoneySums): MoneySums => totalOf(tallies, pick);
  const uses = await namedUses(source, tallies);
  const entries = await namedCharges(source, tallies);
  const count = (pick: (tally: PartitionTally) => MoneySums): string => String(total(pick).count);
  const accounts = tallies.flatMap((tally) => tally.accounts);
  return [
    comparison(
      'uses admitted = cost events',
      count((t) => t.usage),
      count((t) => t.cost),
      uses.cost,
    ),
    comparison(
      'uses admitted = charges of uses',
      count((t) => t.usage),
      count((t) => t.useCharges),
      uses.charge,
    ),
    comparison(
      'charges = journal entries',
      describe(total((t) => t.charges)),
      describe(total((t) => t.entries)),
      entries,
    ),
    comparison(
      'debits = credits',
      amountsText(total((t) => t.postings.debits)),
      amountsText(total((t) => t.postings.credits)),
    ),
    comparison(
      'charges = invoices before rounding',
      amountsText(total((t) => t.charges)),
      amountsText(total((t) => t.invoices)),
      accounts.map(
        ({ accountId, charged, invoiced }) =>
          `${accountId}: charged ${formatAmount(charged)}, invoiced ${formatAmount(invoiced)}`,
      ),
    ),
  ];
}

export function totalOf(
  tallies: readonly PartitionTally[],
  pick: (tally: PartitionTally) => MoneySums,
): MoneySums {
  const total = new MoneySums();
  for (const tally of tallies) total.merge(pick(tally));
  return total;
}

export function amountsText(sums: MoneySums): string {
  const amounts = Object.entries(sums.amounts).map(([currency, amount]) => `${amount} ${currency}`);
  return amounts.length === 0 ? '0' : amounts.join(', ');
}

export function describe(sums: MoneySums): string {
  return `${sums.count} of ${amountsText(sums)}`;
}

interface NamedUses {
  readonly cost: readonly string[];
  readonly charge: readonly string[];
}

async function namedUses(source: Source, tallies: readonly PartitionTally[]): Promise<NamedUses> {
  const cost = new Set<string>();
  const charge = new Set<string>();
  const look = (tally: PartitionTally, id: string): void => {
    const flags = tally.ids.flagsOf(id);
    const seen = seenAt(flags);
    if (differs(flags, SEEN.cost) && cost.size < NAMED_MAX) cost.add(`${id} (${seen})`);
    if (differs(flags, SEEN.charge) && charge.size < NAMED_MAX) charge.add(`${id} (${seen})`);
  };
  for (const tally of tallies.filter(({ ids }) => hasIncomplete(ids.combinations(), USE_COMPLETE))) {
    const { partition } = tally;
    const places = ['usage-events', 'cost-events', 'charges'].map((topic) => ({ topic, partition }));
    await scan(source, places, {
      visit(record) {
        const { directory } = source;
        if (record.topic === 'usage-events') {
          const decoded = decode(directory, 'UsageEvent', record);
          // A refused use that nothing was made of has no flags at all.
          if (decoded.ok) look(tally, idIn(decoded.value.accountId, decoded.value.requestId));
        } else if (record.topic === 'cost-events') {
          const decoded = decode(directory, 'CostEvent', record);
          if (decoded.ok) look(tally, idIn(decoded.value.accountId, decoded.value.requestId));
        } else {
          const decoded = decode(directory, 'Charge', record);
          const id = decoded.ok ? decoded.value.requestId : null;
          if (decoded.ok && id !== null) look(tally, idIn(decoded.value.accountId, id));
        }
      },
    });
  }
  return { cost: [...cost], charge: [...charge] };
}

async function namedCharges(source: Source, tallies: readonly PartitionTally[]): Promise<readonly string[]> {
  const named = new Set<string>();
  const look = (tally: PartitionTally, id: string): void => {
    const flags = tally.chargeIds.flagsOf(id);
    if (flags === 0 || flags === CHARGE_COMPLETE || named.size >= NAMED_MAX) return;
    named.add(`${id} (${flags === SEEN.booked ? 'charged and not booked' : 'booked and not charged'})`);
  };
  for (const tally of tallies.filter(({ chargeIds }) =>
    hasIncomplete(chargeIds.combinations(), CHARGE_COMPLETE),
  )) {
    const { partition } = tally;
    await scan(
      source,
      [
        { topic: 'charges', partition },
        { topic: 'journal', partition },
      ],
      {
        visit(record) {
          if (record.topic === 'charges') {
            const decoded = decode(source.directory, 'Charge', record);
            if (decoded.ok) look(tally, idIn(decoded.value.accountId, decoded.value.chargeId));
            return;
          }
          const decoded = decode(source.directory, 'JournalEntry', record);
          if (!decoded.ok || decoded.value.kind !== 'charge') return;
          look(tally, idIn(decoded.value.accountId, decoded.value.reference));
        },
      },
    );
  }
  return [...named];
}

function hasIncomplete(combinations: ReadonlyMap<number, number>, complete: number): boolean {
  return [...combinations.keys()].some((flags) => flags !== complete);
}

function differs(flags: number, other: number): boolean {
  return flags !== 0 && ((flags & SEEN.usage) !== 0) !== ((flags & other) !== 0);
}

function seenAt(flags: number): string {
  const places = [
    [SEEN.usage, 'usage-events'],
    [SEEN.cost, 'cost-events'],
    [SEEN.charge, 'charges'],
  ] as const;
  const seen = places.filter(([flag]) => (flags & flag) !== 0).map(([, topic]) => topic);
  return `only on ${seen.join(' and ')}`;
}
