/**
 * `ledger balance`: what each account has left, and what stands behind it (L6).
 *
 * The newest record of each account on `balances` is its balance; one account is one partition, so asking for one
 * reads only that.
 */
import { formatAmount } from '../../../schemas/amount.ts';
import type { Balance } from '../../../schemas/generated/balance.ts';
import type { AccountId } from '../../../schemas/ids.ts';
import { formatInstant } from '../../../schemas/instant.ts';
import type { TopicPartition } from '../../../topology/log.ts';
import { partitionOf } from '../../../topology/partitioner.ts';
import { dataError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { table } from '../output.ts';
import { EXIT, type Report } from '../report.ts';
import { decode, partitionsOf, type Source, scan } from '../topic-scan.ts';

export interface BalanceOptions {
  readonly accountId?: AccountId;
}

type BalanceLine = ReturnType<typeof lineOf>;

export async function balance(
  context: Pick<Context, 'source' | 'progress'>,
  { accountId }: BalanceOptions,
): Promise<Report> {
  const source = await context.source();
  const newest = await readBalances(source, context, accountId);
  if (accountId !== undefined && newest.size === 0) {
    const wayOut = 'Check the id; an account has a balance once something was booked to it.';
    throw dataError('balance_unknown', `no balance of ${accountId} was written`, wayOut);
  }
  const balances = [...newest.values()].map(lineOf).sort((a, b) => (a.accountId < b.accountId ? -1 : 1));
  return { data: { balances }, exitCode: EXIT.ok, render: () => render(balances) };
}

async function readBalances(
  source: Source,
  { progress }: Pick<Context, 'progress'>,
  accountId: AccountId | undefined,
): Promise<ReadonlyMap<string, Balance>> {
  const all = await partitionsOf(source.log, ['balances']);
  const places = accountId === undefined ? all : ownPartition(all, accountId);
  const newest = new Map<string, Balance>();
  const task = progress.start('reading balances', null);
  await scan(source, places, {
    visit(record) {
      const key = record.key?.toString('utf8') ?? '';
      if (accountId !== undefined && key !== accountId) return;
      const decoded = decode(source.directory, 'Balance', record);
      if (decoded.ok) newest.set(key, decoded.value);
      else if (record.value === null) newest.delete(key);
    },
    moved: (count) => task.add(count),
  });
  task.end();
  return newest;
}

function ownPartition(places: readonly TopicPartition[], accountId: AccountId): readonly TopicPartition[] {
  const own = partitionOf(Buffer.from(accountId), places.length);
  return places.filter(({ partition }) => partition === own);
}

function lineOf(of: Balance) {
  const { accountId, currency, entries, cause } = of;
  return {
    accountId,
    currency,
    available: formatAmount(of.available),
    reserved: formatAmount(of.reserved),
    held: formatAmount(of.held),
    overdraft: formatAmount(of.overdraft),
    entries,
    asOf: formatInstant(of.asOf),
    cause,
    grants: of.grants.map(({ grantId, remaining, priority, expiresAt }) => ({
      grantId,
      remaining: formatAmount(remaining),
      priority,
      expiresAt: expiresAt === null ? null : formatInstant(expiresAt),
    })),
  };
}

function render(balances: readonly BalanceLine[]): string {
  const columns = [
    { head: 'account' },
    { head: 'currency' },
    { head: 'available', align: 'right' },
    { head: 'reserved', align: 'right' },
    { head: 'held', align: 'right' },
    { head: 'overdraft', align: 'right' },
    { head: 'entries', align: 'right' },
    { head: 'as of' },
  ] as const;
  const rows = balances.map((of) => [
    of.accountId,
    of.currency,
    of.available,
    of.reserved,
    of.held,
    of.overdraft,
    String(of.entries),
    of.asOf,
  ]);
  const [only] = balances;
  const grants = balances.length === 1 && only !== undefined ? renderGrants(only) : [];
  return [table(columns, rows), ...grants].join('\n');
}

function renderGrants({ grants, cause }: BalanceLine): readonly string[] {
  const from = `caused by ${cause.topic}/${cause.partition}@${cause.offset}`;
  if (grants.length === 0) return ['', `no credits left; ${from}`];
  const columns = [
    { head: 'grant, in burn order' },
    { head: 'remaining', align: 'right' },
    { head: 'expires' },
  ] as const;
  const rows = grants.map((grant) => [grant.grantId, grant.remaining, grant.expiresAt ?? 'never']);
  return ['', table(columns, rows), '', from];
}
