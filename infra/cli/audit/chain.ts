/**
 * Checks one task's chain of steps against itself and against what lies on the log (L7).
 *
 * Job: read the steps of one service and partition in order, collect the outputs of each from its topics, and compare
 * numbering, links and digests. Boundary: no rule of a service is run here; that is what `ledger replay` does.
 *
 * Invariants:
 *  1. The first step that does not hold ends the check and is named; nothing after it proves anything.
 *  2. A record on an output topic that no step wrote is a fault, wherever it lies.
 *  3. Where compaction removed outputs, their digest is counted as not provable, never as right.
 */
import type { Step } from '../../../schemas/generated/step.ts';
import { digestOutputs, NO_DIGEST, sealStep } from '../../../topology/digest.ts';
import { GRAPH } from '../../../topology/graph.ts';
import { type ServiceName, serviceTopics, TOPICS, type TopicName } from '../../../topology/topics.ts';
import { decode, PartitionCursor, type Source } from '../topic-scan.ts';
import { OutputLane } from './output-lane.ts';

export interface ChainFault {
  readonly step: number;
  readonly code:
    | 'unreadable'
    | 'numbering'
    | 'foreign_task'
    | 'broken_link'
    | 'step_digest'
    | 'output_count'
    | 'output_digest'
    | 'not_from_a_step';
  readonly message: string;
}

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

export interface ChainTask {
  readonly service: ServiceName;
  readonly partition: number;
}

export async function checkChain(
  source: Source,
  task: ChainTask,
  onSteps: (count: number) => void,
): Promise<ChainReport> {
  const { service, partition } = task;
  const topics: readonly TopicName[] = GRAPH[service].outputs;
  // The end of the steps is taken first: whatever they name is then within the ends of the outputs.
  const steps = await PartitionCursor.open(source, { topic: serviceTopics(service).steps, partition });
  const lanes = await Promise.all(
    [...topics, serviceTopics(service).rejected].map((topic) =>
      OutputLane.open(source, { topic, partition }, service),
    ),
  );
  try {
    return await follow({ source, task, steps, lanes, isCompacted: topics.some(isCompacted) }, onSteps);
  } finally {
    await Promise.all([steps, ...lanes].map((each) => each.close()));
  }
}

interface Walk {
  readonly source: Source;
  readonly task: ChainTask;
  readonly steps: PartitionCursor;
  readonly lanes: readonly OutputLane[];
  readonly isCompacted: boolean;
}

async function follow(walk: Walk, onSteps: (count: number) => void): Promise<ChainReport> {
  const totals = { steps: 0, outputs: 0, compactedSteps: 0 };
  let before = { step: 0, digest: NO_DIGEST };
  const report = (fault: ChainFault | null): ChainReport => ({
    ...walk.task,
    ...totals,
    head: before.digest.toString('hex'),
    fault,
  });
  for (;;) {
    const record = await walk.steps.take();
    if (record === null) break;
    const decoded = decode(walk.source.directory, 'Step', record);
    if (!decoded.ok) return report({ step: before.step + 1, code: 'unreadable', message: decoded.message });
    const step = decoded.value;
    const fault = linkFault(walk.task, before, step);
    if (fault !== null) return report(fault);
    const outputs = await outputFault(walk, step);
    if (outputs.fault !== null) return report(outputs.fault);
    totals.steps += 1;
    totals.outputs += outputs.count;
    if (outputs.isPartial) totals.compactedSteps += 1;
    before = { step: step.step, digest: step.digest };
    onSteps(1);
  }
  return report(await strayFault(walk, before.step));
}

function linkFault(
  task: ChainTask,
  before: { readonly step: number; readonly digest: Buffer },
  step: Step,
): ChainFault | null {
  const number = before.step + 1;
  if (step.service !== task.service || step.partition !== task.partition) {
    const message = `the record is of ${step.service} partition ${step.partition}`;
    return { step: number, code: 'foreign_task', message };
  }
  if (step.step !== number) {
    return {
      step: number,
      code: 'numbering',
      message: `step ${number} is missing; step ${step.step} follows`,
    };
  }
  if (!step.previousDigest.equals(before.digest)) {
    const message = `it names ${hex(step.previousDigest)} as the step before, which has ${hex(before.digest)}`;
    return { step: number, code: 'broken_link', message };
  }
  const sealed = sealStep(step).digest;
  if (sealed.equals(step.digest)) return null;
  const message = `its record gives ${hex(sealed)} and not ${hex(step.digest)}: it was altered`;
  return { step: number, code: 'step_digest', message };
}

interface OutputVerdict {
  readonly count: number;
  readonly isPartial: boolean;
  readonly fault: ChainFault | null;
}

async function outputFault(walk: Walk, step: Step): Promise<OutputVerdict> {
  const found = [];
  for (const lane of walk.lanes) {
    const stray = await lane.strayBefore(step.step);
    if (stray !== null) return { count: 0, isPartial: false, fault: { step: step.step, ...stray } };
    found.push(...(await lane.takeStep(step.step)));
  }
  found.sort((a, b) => a.index - b.index);
  const count = found.length;
  if (count < step.outputs && walk.isCompacted) return { count, isPartial: true, fault: null };
  if (count !== step.outputs) {
    const message = `it wrote ${step.outputs} records and the log has ${count}`;
    return { count, isPartial: false, fault: { step: step.step, code: 'output_count', message } };
  }
  if (digestOutputs(found).equals(step.outputDigest)) return { count, isPartial: false, fault: null };
  const message = `its ${count} outputs on the log do not have the digest it names`;
  return { count, isPartial: false, fault: { step: step.step, code: 'output_digest', message } };
}

/** What lies behind the last step: outputs of newer steps are fine, anything else is not. */
async function strayFault(walk: Walk, lastStep: number): Promise<ChainFault | null> {
  for (const lane of walk.lanes) {
    const stray = await lane.strayBehind(lastStep);
    if (stray !== null) return { step: lastStep + 1, ...stray };
  }
  return null;
}

function isCompacted(topic: TopicName): boolean {
  return 'compacted' in TOPICS[topic];
}

function hex(digest: Buffer): string {
  return digest.toString('hex').slice(0, 16);
}
