/**
 * `ledger verify`: shows that nothing on the log was altered since it was written, and since it was sealed (L7).
 */
import { SERVICES, type ServiceName, serviceTopics } from '../../../topology/topics.ts';
import type { Fault } from '../../seal/fault.ts';
import type { Head } from '../../seal/head.ts';
import { topicsOf } from '../../seal/sealed-topics.ts';
import { type ChainFault, type ChainReport, checkChain } from '../audit/chain.ts';
import { chooseHead, type SealReport, sealReport } from '../audit/sealed-log.ts';
import type { Context } from '../context.ts';
import { counted, table } from '../output.ts';
import { EXIT, type Report } from '../report.ts';
import { partitionsOf, type Source } from '../topic-scan.ts';

export interface VerifyOptions {
  readonly service?: ServiceName;
  readonly partition?: number;
  /** File of the head to hold the log against. */
  readonly head?: string;
  readonly publicKey?: string;
}

export async function verify(
  context: Pick<Context, 'settings' | 'source' | 'progress'>,
  options: VerifyOptions,
): Promise<Report> {
  const chosen = chooseHead(context, options);
  const source = await context.source();
  const seal = chosen === null ? null : await sealReport(source, chosen, scopeOf(context, options));
  const chains = await chainsOf(context, source, { options, heads: chosen?.heads ?? [] });
  const faults = inOrder(chains, seal?.faults ?? []);
  const data = { ok: faults.length === 0, first: faults[0] ?? null, faults, seal, chains };
  return { data, exitCode: data.ok ? EXIT.ok : EXIT.failed, render: () => render(chains, seal, faults) };
}

function scopeOf({ progress }: Pick<Context, 'progress'>, { service, partition }: VerifyOptions) {
  const topics = service === undefined ? null : topicsOf(service);
  return {
    progress,
    isChosen: (place: { readonly topic: string; readonly partition: number }) =>
      (topics?.includes(place.topic) ?? true) && (partition ?? place.partition) === place.partition,
  };
}

async function chainsOf(
  context: Pick<Context, 'progress'>,
  source: Source,
  { options, heads }: { readonly options: VerifyOptions; readonly heads: readonly Head[] },
): Promise<readonly ChainReport[]> {
  const services = options.service === undefined ? SERVICES : [options.service];
  const task = context.progress.start('verifying steps', null);
  const chains: ChainReport[] = [];
  for (const service of services) {
    const places = await partitionsOf(source.log, [serviceTopics(service).steps]);
    const chosen = places.filter(({ partition }) => (options.partition ?? partition) === partition);
    // The partitions of one service are read side by side; each holds one fetch a topic.
    const reports = chosen.map(({ partition }) =>
      checkChain(source, {
        task: { service, partition },
        sealed: sealedSteps(heads, service, partition),
        onSteps: (count) => task.add(count),
      }),
    );
    chains.push(...(await Promise.all(reports)));
  }
  task.end();
  return chains;
}

function sealedSteps(
  heads: readonly Head[],
  service: ServiceName,
  partition: number,
): ReadonlyMap<number, string> {
  const steps = heads.flatMap(({ chains }) =>
    chains
      .filter((chain) => chain.service === service && chain.partition === partition && chain.step > 0)
      .map(({ step, digest }) => [step, digest] as const),
  );
  return new Map(steps);
}

/** Heads come first, then whole chains that are others, then records by the seal, which is exact, then by the chains. */
function inOrder(chains: readonly ChainReport[], sealed: readonly Fault[]): readonly (Fault | ChainFault)[] {
  const broken = chains.flatMap(({ fault }) => (fault === null ? [] : [fault]));
  return [
    ...sealed.filter(({ topic }) => topic === null),
    ...broken.filter(({ kind }) => kind === 'forked'),
    ...sealed.filter(({ topic }) => topic !== null),
    ...broken.filter(({ kind }) => kind !== 'forked'),
  ];
}

function render(
  chains: readonly ChainReport[],
  seal: SealReport | null,
  faults: readonly (Fault | ChainFault)[],
): string {
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
  return [
    table(columns, rows),
    '',
    ...sealLines(seal),
    ...faultLines(chains, faults),
    ...remarks(chains),
  ].join('\n');
}

function sealLines(seal: SealReport | null): readonly string[] {
  if (seal === null) return ['Nothing is sealed yet: `ledger seal` makes the first head.'];
  const { sequence, sealedAt, records, keyFingerprint, isKeyGiven } = seal;
  const lines = [
    `Head ${sequence} of ${sealedAt}, signed with ${keyFingerprint.slice(0, 16)}: ${counted(records, 'sealed record')} read.`,
  ];
  if (!isKeyGiven) {
    lines.push(
      'The key lies beside the heads, so this shows accidents; `--public-key` with a key kept elsewhere shows forgery.',
    );
  }
  return lines;
}

function faultLines(
  chains: readonly ChainReport[],
  faults: readonly (Fault | ChainFault)[],
): readonly string[] {
  const steps = chains.reduce((sum, chain) => sum + chain.steps, 0);
  if (faults.length === 0) return [`${counted(steps, 'step')} hold: numbering, links, digests and outputs.`];
  return [
    ...faults.map((fault) => `${fault.kind}: ${placeOf(fault)}${codeOf(fault)}${fault.message}`),
    '  Way out: compare with a copy of the log; `ledger replay` says what the step should have written.',
  ];
}

/** Faults of a chain say by a code of their own which of its rules they break. */
function codeOf(fault: Fault | ChainFault): string {
  return 'code' in fault ? `${fault.code}: ` : '';
}

function placeOf({ service, partition, step, topic, offset }: Fault): string {
  const parts = [
    ...(step === null ? [] : [`step ${step}`]),
    ...(service === null ? [] : [`of ${service}/${partition}`]),
    ...(topic === null ? [] : [`at ${topic}/${partition}@${offset ?? '?'}`]),
  ];
  return parts.length === 0 ? '' : `${parts.join(' ')}: `;
}

function remarks(chains: readonly ChainReport[]): readonly string[] {
  const compacted = chains.reduce((sum, chain) => sum + chain.compactedSteps, 0);
  if (compacted === 0) return [];
  return [
    `${counted(compacted, 'step')} wrote balances that were compacted since: the chain vouches for them, replay proves them.`,
  ];
}
