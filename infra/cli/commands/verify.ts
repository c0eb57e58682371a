/**
 * `ledger verify`: shows that nothing on the log was altered since it was written (L7).
 */
import { SERVICES, type ServiceName, serviceTopics } from '../../../topology/topics.ts';
import { type ChainReport, checkChain } from '../audit/chain.ts';
import type { Context } from '../context.ts';
import { counted, table } from '../output.ts';
import { EXIT, type Report } from '../report.ts';
import { partitionsOf } from '../topic-scan.ts';

export interface VerifyOptions {
  readonly service?: ServiceName;
  readonly partition?: number;
}

export async function verify(
  context: Pick<Context, 'source' | 'progress'>,
  options: VerifyOptions,
): Promise<Report> {
  const source = await context.source();
  const services = options.service === undefined ? SERVICES : [options.service];
  const task = context.progress.start('verifying steps', null);
  const chains: ChainReport[] = [];
  for (const service of services) {
    const places = await partitionsOf(source.log, [serviceTopics(service).steps]);
    const chosen = places.filter(({ partition }) => (options.partition ?? partition) === partition);
    // The partitions of one service are read side by side; each holds one fetch a topic.
    const reports = chosen.map(({ partition }) =>
      checkChain(source, { service, partition }, (count) => task.add(count)),
    );
    chains.push(...(await Promise.all(reports)));
  }
  task.end();
  const faults = chains.filter(({ fault }) => fault !== null);
  const data = { ok: faults.length === 0, chains };
  return { data, exitCode: data.ok ? EXIT.ok : EXIT.failed, render: () => render(chains) };
}

function render(chains: readonly ChainReport[]): string {
  const rows = chains.map((chain) => [
    chain.fault === null ? 'ok' : 'FAIL',
    chain.service,
    String(chain.partition),
    String(chain.steps),
    String(chain.outputs),
    String(chain.compactedSteps),
    chain.head.slice(0, 16),
  ]);
  const columns = [
    { head: '' },
    { head: 'service' },
    { head: 'partition', align: 'right' },
    { head: 'steps', align: 'right' },
    { head: 'outputs', align: 'right' },
    { head: 'compacted', align: 'right' },
    { head: 'head' },
  ] as const;
  return [table(columns, rows), '', ...summary(chains)].join('\n');
}

function summary(chains: readonly ChainReport[]): readonly string[] {
  const steps = chains.reduce((sum, chain) => sum + chain.steps, 0);
  const compacted = chains.reduce((sum, chain) => sum + chain.compactedSteps, 0);
  const lines = chains.flatMap(({ service, partition, fault }) =>
    fault === null
      ? []
      : [
          `${fault.code}: step ${fault.step} of ${service}/${partition}: ${fault.message}`,
          '  Way out: compare with a copy of the log; `ledger replay` says what the step should have written.',
        ],
  );
  if (lines.length === 0)
    lines.push(`${counted(steps, 'step')} hold: numbering, links, digests and outputs.`);
  if (compacted > 0) {
    lines.push(
      `${counted(compacted, 'step')} wrote balances that were compacted since: the chain vouches for them, replay proves them.`,
    );
  }
  return lines;
}
