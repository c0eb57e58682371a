/**
 * Checks one task's chain of steps against itself, against what lies on the log, and against sealed heads (L7).
 *
 * Job: read the steps of one service and partition in order, collect the outputs of each from its topics, and compare
 * numbering, links and digests. Boundary: no rule of a service is run here; that is what `ledger replay` does.
 *
 * Invariants:
 *  1. The first step that does not hold ends the check and is named; nothing after it proves anything.
 *  2. A record on an output topic that no step wrote is a fault, wherever it lies.
 *  3. Where compaction removed outputs, their digest is counted as not provable, never as right.
 *  4. A chain that is whole and yet not the sealed one is a fork; one that ends before the sealed step was cut short.
 */
import type { Step } from '../../../schemas/generated/step.ts';
import { NO_DIGEST } from '../../../topology/digest.ts';
import { GRAPH } from '../../../topology/graph.ts';
import type { LogRecord } from '../../../topology/log.ts';
import { type ServiceName, serviceTopics, type TopicName } from '../../../topology/topics.ts';
import { type Fault, faultOf } from '../../seal/fault.ts';
import { isCompacted } from '../../seal/sealed-topics.ts';
import { type ChainPosition, type ChainTask, linkFault } from '../../seal/step-links.ts';
import { decode, PartitionCursor, type Source } from '../topic-scan.ts';
import { OutputLane } from './output-lane.ts';
import { type OutputFault, outputFaultOf } from './step-outputs.ts';

export interface ChainFault extends Fault {
  readonly step: number;
  readonly code: OutputFault['code'] | 'unreadable' | 'fork' | 'cut_short' | 'not_from_a_step' | LinkCode;
}

type LinkCode = NonNullable<ReturnType<typeof linkFault>>['code'];

export interface ChainReport {
  readonly service: ServiceName;
  readonly partition: number;
  readonly steps: number;
  readonly outputs: number;
  /** Steps whose outputs were in part compacted away, so that only the chain vouches for them. */
  readonly compactedSteps: number;
  /** Digest of the last step that holds: the head of the chain. */
  readonly head: string;
  readonly fault: ChainFault | null;
}

export interface ChainCheck {
  readonly task: ChainTask;
  /** Digest by number of those steps that a head names. */
  readonly sealed: ReadonlyMap<number, string>;
  readonly onSteps: (count: number) => void;
}

export async function checkChain(source: Source, check: ChainCheck): Promise<ChainReport> {
  const { service, partition } = check.task;
  const topics: readonly TopicName[] = GRAPH[service].outputs;
  // The end of the steps is taken first: whatever they name is then within the ends of the outputs.
  const steps = await PartitionCursor.open(source, { topic: serviceTopics(service).steps, partition });
  const lanes = await Promise.all(
    [...topics, serviceTopics(service).rejected].map((topic) =>
      OutputLane.open(source, { topic, partition }, service),
    ),
  );
  try {
    return await follow({ source, check, steps, lanes, isCompacted: topics.some(isCompacted) });
  } finally {
    await Promise.all([steps, ...lanes].map((each) => each.close()));
  }
}

interface Walk {
  readonly source: Source;
  readonly check: ChainCheck;
  readonly steps: PartitionCursor;
  readonly lanes: readonly OutputLane[];
  readonly isCompacted: boolean;
}

type FoundFault = Omit<ChainFault, 'service' | 'partition'>;

async function follow(walk: Walk): Promise<ChainReport> {
  const { task, onSteps } = walk.check;
  const totals = { steps: 0, outputs: 0, compactedSteps: 0 };
  let before: ChainPosition = { step: 0, digest: NO_DIGEST };
  const report = (fault: FoundFault | null): ChainReport => ({
    ...task,
    ...totals,
    head: before.digest.toString('hex'),
    fault: fault === null ? null : { ...fault, ...task },
  });
  for (;;) {
    const record = await walk.steps.take();
    if (record === null) break;
    const verdict = await verdictOn(walk, before, record);
    if (verdict.fault !== null) return report(verdict.fault);
    totals.steps += 1;
    totals.outputs += verdict.outputs;
    if (verdict.isPartial) totals.compactedSteps += 1;
    before = verdict.position;
    onSteps(1);
  }
  return report(endFault(walk.check, before) ?? (await strayFault(walk, before.step)));
}

type Verdict =
  | { readonly fault: FoundFault }
  | {
      readonly fault: null;
      readonly outputs: number;
      readonly isPartial: boolean;
      readonly position: ChainPosition;
    };

async function verdictOn(walk: Walk, before: ChainPosition, record: LogRecord): Promise<Verdict> {
  const { source, check } = walk;
  const number = before.step + 1;
  const place = { step: number, topic: record.topic, offset: record.offset };
  const decoded = decode(source.directory, 'Step', record);
  if (!decoded.ok)
    return { fault: { ...faultOf('altered', decoded.message, place), step: number, code: 'unreadable' } };
  const step = decoded.value;
  const link = linkFault(check.task, before, step);
  if (link !== null)
    return { fault: { ...faultOf(link.kind, link.message, place), step: number, code: link.code } };
  const expected = check.sealed.get(number);
  if (expected !== undefined && expected !== step.digest.toString('hex')) {
    const message = `the sealed head has ${expected.slice(0, 16)} for it: this chain is another one`;
    return { fault: { ...faultOf('forked', message, place), step: number, code: 'fork' } };
  }
  return outputsOf(walk, step);
}

async function outputsOf(walk: Walk, step: Step): Promise<Verdict> {
  const found = [];
  let inFront: Fault | null = null;
  for (const lane of walk.lanes) {
    const stray = await lane.strayBefore(step.step);
    // Where outputs may be missing, nothing else would show that this one hides those behind it.
    if (stray !== null && isCompacted(lane.topic)) return { fault: strayed(step.step, stray) };
    inFront ??= stray;
    found.push(...(await lane.takeStep(step.step)));
  }
  const fault = outputFaultOf(step, found, walk.isCompacted);
  if (fault !== null) {
    return { fault: inFront === null ? { ...fault, step: step.step } : strayed(step.step, inFront) };
  }
  const position = { step: step.step, digest: step.digest };
  return { fault: null, outputs: found.length, isPartial: found.length < step.outputs, position };
}

function endFault({ sealed }: ChainCheck, { step }: ChainPosition): FoundFault | null {
  const last = Math.max(0, ...sealed.keys());
  if (last <= step) return null;
  const message = `the chain ends with step ${step}, the sealed head with step ${last}`;
  return { ...faultOf('truncated', message), step: step + 1, code: 'cut_short' };
}

/** What lies behind the last step: outputs of newer steps are fine, anything else is not. */
async function strayFault(walk: Walk, lastStep: number): Promise<FoundFault | null> {
  for (const lane of walk.lanes) {
    const stray = await lane.strayBehind(lastStep);
    if (stray !== null) return strayed(lastStep + 1, stray);
  }
  return null;
}

function strayed(step: number, stray: Fault): FoundFault {
  return { ...stray, step, code: 'not_from_a_step' };
}
