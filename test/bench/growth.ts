/**
 * `npm run bench -- growth`: throughput and memory as partitions, accounts and remembered request ids grow.
 *
 * What bounds each is said in the README beside the table. Sizes beyond the defaults by option: 10,000,000 accounts and
 * 67,108,864 ids fit into a machine of 16 GiB.
 */
import { writeFileSync } from 'node:fs';
import type { Bench, BenchContext, Outcome } from './bench.ts';
import { startBenchBroker } from './bench-broker.ts';
import { type AccountsPoint, growthOfAccounts } from './growth-accounts.ts';
import { growthOfIds, type IdsGrowth } from './growth-ids.ts';
import { growthOfPartitions, type PartitionsPoint } from './growth-partitions.ts';
import { type Panel, plotSvg, short } from './plot.ts';
import { count, tableText } from './table.ts';

const PARTS = ['partitions', 'accounts', 'ids'] as const;
const PARTITIONS = [1, 2, 4, 8, 16];
const PARTITION_USES = 60_000;
const PARTITION_ACCOUNTS = 1_000;
const ACCOUNTS_MIN = 1_000;
const IDS_MIN = 1 << 20;

export interface Growth {
  readonly partitions: readonly PartitionsPoint[];
  readonly accounts: readonly AccountsPoint[];
  readonly ids: IdsGrowth | null;
}

export const GROWTH: Bench = {
  names: { growth: 'throughput and memory over partitions, accounts and remembered request ids' },
  run: growth,
};

async function growth(context: BenchContext): Promise<Outcome> {
  const { settings, tell, progress } = context;
  const isAsked = (part: (typeof PARTS)[number]): boolean => settings.parts?.includes(part) ?? true;
  const found: Growth = {
    partitions: isAsked('partitions') ? await partitions(context) : [],
    accounts: isAsked('accounts')
      ? await growthOfAccounts(sizesTo(settings.accountsMax, ACCOUNTS_MIN, 10), progress)
      : [],
    ids: isAsked('ids') ? growthOfIds(sizesTo(settings.idsMax, IDS_MIN, 2), progress) : null,
  };
  if (settings.plot !== null) {
    writeFileSync(settings.plot, plotSvg(panelsOf(found)));
    tell(`growth: wrote ${settings.plot}`);
  }
  return { figures: { growth: found }, text: growthText(found), isSound: wrongIn(found) === 0 };
}

async function partitions({ settings, tell }: BenchContext): Promise<readonly PartitionsPoint[]> {
  const { stop, ...broker } = await startBenchBroker(tell);
  try {
    const counts = settings.partitions ?? PARTITIONS;
    return await growthOfPartitions({
      ...broker,
      partitions: counts,
      accounts: PARTITION_ACCOUNTS,
      uses: PARTITION_USES,
      tell,
    });
  } finally {
    await stop();
  }
}

/** From the smallest size to the largest, each `factor` times the one before. */
export function sizesTo(max: number, min: number, factor: number): readonly number[] {
  const sizes: number[] = [];
  for (let size = min; size < max; size *= factor) sizes.push(size);
  return [...sizes, max];
}

function wrongIn({ partitions: points, accounts, ids }: Growth): number {
  const all = [...points, ...accounts, ...(ids?.points ?? [])];
  return all.reduce((sum, { wrong }) => sum + wrong, 0);
}

export function growthText(found: Growth): string {
  const { partitions: points, accounts, ids } = found;
  const texts: string[] = [];
  if (points.length > 0) {
    const head = [
      'partitions',
      'uses/s',
      'us a use',
      'broker us',
      'ran %',
      'no core %',
      'transactions',
      'uses a step',
      'held MiB',
    ];
    const rows = points.map((at) => [
      at.partitions,
      count(at.usesPerSecond),
      at.cpuUs,
      at.brokerCpuUs,
      percent(at.ranShare),
      percent(at.noCoreShare),
      at.transactions,
      Math.round(at.uses / at.transactions),
      at.heldMiB,
    ]);
    texts.push(tableText(head, rows));
  }
  if (accounts.length > 0) {
    const head = ['accounts', 'restored/s', 'charges/s', 'heap B', 'outside B', 'heap B once asked for'];
    const rows = accounts.map((at) => [
      count(at.accounts),
      count(at.restoredPerSecond),
      count(at.chargesPerSecond),
      at.heapBytesPerAccount,
      at.outsideBytesPerAccount,
      at.askedHeapBytesPerAccount,
    ]);
    texts.push(tableText(head, rows));
  }
  if (ids !== null) {
    const head = ['request ids', 'new/s', 'look-ups/s', 'bytes an id', 'longest ms', 'CPU ms'];
    const rows = ids.points.map((at) => [
      count(at.ids),
      count(at.newPerSecond),
      count(at.lookupsPerSecond),
      at.bytesPerId,
      at.longestMs,
      at.longestStepCpuMs,
    ]);
    texts.push(tableText(head, rows), `a Set of strings takes ${ids.bytesPerStringInSet} bytes an id\n`);
  }
  return (
    texts.join('') +
    `${wrongIn(found)} results wrong; rates of accounts and ids are of a second of processor time\n` +
    'left out: several processes of one service, several brokers, keys of uneven size\n'
  );
}

function percent(share: number | null): number | string {
  return share === null ? '-' : Math.round(share * 100);
}

function panelsOf({ partitions: points, accounts, ids }: Growth): readonly Panel[] {
  const panels: Panel[] = [];
  if (points.length > 0) {
    panels.push({
      title: 'partitions of rating, all in one process',
      sizes: points.map((at) => String(at.partitions)),
      series: [
        { name: 'uses a second', values: points.map((at) => at.usesPerSecond) },
        { name: 'held MiB', values: points.map((at) => at.heldMiB) },
      ],
    });
  }
  if (accounts.length > 0) {
    panels.push({
      title: 'accounts of one partition of credit-balances',
      sizes: accounts.map((at) => short(at.accounts)),
      series: [
        { name: 'charges a CPU second', values: accounts.map((at) => at.chargesPerSecond) },
        {
          name: 'MiB of restored state',
          values: accounts.map((at) =>
            mebibytes(at.accounts * (at.heapBytesPerAccount + at.outsideBytesPerAccount)),
          ),
        },
      ],
    });
  }
  if (ids !== null) {
    panels.push({
      title: 'request ids that one partition remembers',
      sizes: ids.points.map((at) => short(at.ids)),
      series: [
        { name: 'look-ups a CPU second', values: ids.points.map((at) => at.lookupsPerSecond) },
        { name: 'MiB', values: ids.points.map((at) => mebibytes(at.ids * at.bytesPerId)) },
      ],
    });
  }
  return panels;
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
