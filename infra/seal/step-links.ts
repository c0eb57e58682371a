/**
 * Whether one step record follows the one before: its task, its number, its link, its own digest.
 *
 * Boundary: the record alone; what the step wrote is compared by whoever reads the outputs.
 */
import type { Step } from '../../schemas/generated/step.ts';
import { sealStep } from '../../topology/digest.ts';
import type { ServiceName } from '../../topology/topics.ts';
import type { DifferenceKind } from './difference.ts';

export interface ChainTask {
  readonly service: ServiceName;
  readonly partition: number;
}

export interface ChainPosition {
  readonly step: number;
  readonly digest: Buffer;
}

export interface LinkFault {
  readonly code: 'foreign_task' | 'numbering' | 'broken_link' | 'step_digest';
  readonly kind: DifferenceKind;
  readonly message: string;
}

export function linkFault(task: ChainTask, before: ChainPosition, step: Step): LinkFault | null {
  const number = before.step + 1;
  if (step.service !== task.service || step.partition !== task.partition) {
    const message = `the record is of ${step.service} partition ${step.partition}`;
    return { code: 'foreign_task', kind: 'altered', message };
  }
  const sealed = sealStep(step).digest;
  const isNext = step.previousDigest.equals(before.digest);
  // A step whose number alone was altered still names the step before, and is no gap.
  if (!sealed.equals(step.digest) && (isNext || step.step === number)) {
    const message = `its record gives ${hex(sealed)} and not ${hex(step.digest)}: it was altered`;
    return { code: 'step_digest', kind: 'altered', message };
  }
  if (step.step > number) {
    return {
      code: 'numbering',
      kind: 'dropped',
      message: `step ${number} is missing; step ${step.step} follows`,
    };
  }
  if (step.step < number) {
    return {
      code: 'numbering',
      kind: 'inserted',
      message: `step ${step.step} stands where step ${number} belongs`,
    };
  }
  if (isNext) return null;
  const message = `it names ${hex(step.previousDigest)} as the step before, which has ${hex(before.digest)}`;
  return { code: 'broken_link', kind: 'altered', message };
}

function hex(digest: Buffer): string {
  return digest.toString('hex').slice(0, 16);
}
