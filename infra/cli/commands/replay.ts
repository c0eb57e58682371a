/**
 * `ledger replay`: derives every output again from offset 0 and compares the digests (L7, Q3).
 */
import { LIMITS } from '../../../topology/limits.ts';
import type { AnyProcessor } from '../../../topology/processor.ts';
import { type ReplayReport, replayTask } from '../../../topology/replay.ts';
import { subjectsOf } from '../../../topology/subjects.ts';
import { type ServiceName, serviceTopics } from '../../../topology/topics.ts';
import type { Context } from '../context.ts';
import { table } from '../output.ts';
import { EXIT, type Report } from '../report.ts';
import { partitionsOf } from '../topic-scan.ts';

export interface ReplayOptions {
  readonly service?: ServiceName;
  readonly partition?: number;
}

interface Replayed extends ReplayReport {
  readonly seconds: number;
}

export async function replay(
  context: Pick<Context, 'log' | 'directory' | 'progress'>,
  options: ReplayOptions,
  processors: readonly AnyProcessor[],
): Promise<Report> {
  const log = await context.log();
  const chosen = processors.filter(
    ({ service }) => options.service === undefined || service === options.service,
  );
  const directory = await context.directory(subjectsOf(processors));
  const tasks: Replayed[] = [];
  for (const processor of chosen) {
    const places = await partitionsOf(log, [serviceTopics(processor.service).steps]);
    for (const { topic, partition } of places) {
      if (options.partition !== undefined && options.partition !== partition) continue;
      const [bounds] = await log.bounds([{ topic, partition }]);
      const progress = context.progress.start(
        `replaying ${processor.service}/${partition}`,
        bounds?.end ?? null,
      );
      const begun = performance.now();
      const report = await replayTask({ log, directory, processor, partition, limits: LIMITS }, () =>
        // A step is one record of a transaction, and its marker takes the next offset.
        progress.add(2),
      );
      progress.end();
      tasks.push({ ...report, seconds: Math.round(performance.now() - begun) / 1_000 });
    }
  }
  const ok = tasks.every(({ difference }) => difference === null);
  return { data: { ok, tasks }, exitCode: ok ? EXIT.ok : EXIT.failed, render: () => render(tasks) };
}

function render(tasks: readonly Replayed[]): string {
  const columns = [
    { head: '' },
    { head: 'service' },
    { head: 'partition', align: 'right' },
    { head: 'steps', align: 'right' },
    { head: 'inputs', align: 'right' },
    { head: 'outputs', align: 'right' },
    { head: 'seconds', align: 'right' },
    { head: 'head' },
  ] as const;
  const rows = tasks.map((task) => [
    task.difference === null ? 'OK' : 'DIFFERENT',
    task.service,
    String(task.partition),
    String(task.steps),
    String(task.records),
    String(task.outputs),
    task.seconds.toFixed(1),
    task.head.slice(0, 16),
  ]);
  const differences = tasks.flatMap(({ service, partition, difference }) =>
    difference === null ? [] : [`${service}/${partition}: ${difference}`],
  );
  const verdict = differences.length === 0 ? ['Every output came out again, byte for byte.'] : differences;
  return [table(columns, rows), '', ...verdict].join('\n');
}
