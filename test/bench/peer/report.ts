/** What the runs of the peer bench say together: medians, spread, and ours over the peer's. */
import Table from 'cli-table3';
import { type Spread, spreadOf, spreadText } from '../rounds.ts';
import type { Measure, PeerRun, Program } from './runner.ts';

interface Column {
  readonly figure: string;
  readonly head: string;
  readonly digits: number;
}

const COLUMNS: Readonly<Record<Measure, readonly Column[]>> = {
  throughput: [
    { figure: 'events_per_s', head: 'events/s', digits: 0 },
    { figure: 'events_per_s_second_half', head: 'second half', digits: 0 },
    { figure: 'app_cpu_s_per_million', head: 'CPU s/M', digits: 1 },
    { figure: 'broker_cpu_s_per_million', head: 'broker CPU s/M', digits: 1 },
    { figure: 'app_peak_rss_mib', head: 'RSS MiB', digits: 0 },
    { figure: 'steal_s', head: 'steal s', digits: 1 },
  ],
  latency: [
    { figure: 'p50_ms', head: 'p50 ms', digits: 1 },
    { figure: 'p95_ms', head: 'p95 ms', digits: 1 },
    { figure: 'p99_ms', head: 'p99 ms', digits: 1 },
    { figure: 'app_cores', head: 'cores', digits: 2 },
    { figure: 'broker_cores', head: 'broker cores', digits: 2 },
    { figure: 'steal_s', head: 'steal s', digits: 1 },
  ],
};

const POINTS: Readonly<Record<Measure, string>> = { throughput: 'partitions', latency: 'events/s' };

export interface PeerFigures {
  readonly measure: Measure;
  readonly at: number;
  readonly runs: number;
  readonly ours: Readonly<Record<string, Spread>>;
  readonly peer: Readonly<Record<string, Spread>>;
  /** Of the medians, by figure. */
  readonly ratio: Readonly<Record<string, number>>;
}

export function peerFigures(runs: readonly PeerRun[]): readonly PeerFigures[] {
  const groups = Map.groupBy(runs, ({ measure, at }) => `${measure}/${at}`);
  return [...groups.values()].flatMap((group): readonly PeerFigures[] => {
    const [first] = group;
    if (first === undefined) return [];
    const { measure, at } = first;
    const of = (program: Program): Readonly<Record<string, Spread>> =>
      Object.fromEntries(
        COLUMNS[measure].map(({ figure }) => [
          figure,
          spreadOf(
            group.filter((run) => run.program === program).map(({ figures }) => Number(figures[figure])),
          ),
        ]),
      );
    const [ours, peer] = [of('ours'), of('peer')];
    const ratio = COLUMNS[measure].map(({ figure }): [string, number] => [
      figure,
      (ours[figure]?.median ?? Number.NaN) / (peer[figure]?.median ?? Number.NaN),
    ]);
    const ofOurs = group.filter(({ program }) => program === 'ours').length;
    return [{ measure, at, runs: ofOurs, ours, peer, ratio: Object.fromEntries(ratio) }];
  });
}

export function peerText(figures: readonly PeerFigures[]): string {
  return [...Map.groupBy(figures, ({ measure }) => measure)]
    .map(([measure, ofMeasure]) => `${tableOf(measure, ofMeasure)}\n`)
    .concat(
      'median of the runs (lowest to highest); the ratio is that of the medians, ours over Kafka Streams\n',
    )
    .join('');
}

function tableOf(measure: Measure, figures: readonly PeerFigures[]): string {
  const columns = COLUMNS[measure];
  const head = [
    `${measure} by ${POINTS[measure]}`,
    'program',
    'runs',
    ...columns.map((column) => column.head),
  ];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { at, runs, ours, peer, ratio } of figures) {
    for (const [name, of] of [
      ['Kafka Streams', peer],
      ['ours', ours],
    ] as const) {
      const cells = columns.map(({ figure, digits }) => spreadText(of[figure] ?? spreadOf([]), digits));
      table.push([at, name, runs, ...cells]);
    }
    table.push([at, 'ratio', '', ...columns.map(({ figure }) => (ratio[figure] ?? Number.NaN).toFixed(2))]);
  }
  return table.toString();
}
