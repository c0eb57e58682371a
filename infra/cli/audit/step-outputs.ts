/**
 * The outputs of one step as they lie on the log, against its record: which of them is missing, repeated, out of
 * order, or not what was written.
 */
import type { Step } from '../../../schemas/generated/step.ts';
import { digestOutputs } from '../../../topology/digest.ts';
import { type Fault, faultOf } from '../../seal/fault.ts';
import type { PlacedOutput } from './output-lane.ts';

/** A zero byte and the schema id. */
const FRAME_BYTES = 5;

export interface OutputFault extends Fault {
  readonly code: 'output_count' | 'output_order' | 'output_digest';
}

/** `found` is in offset order within each topic. Where outputs may be compacted away, a gap proves nothing. */
export function outputFaultOf(
  step: Step,
  found: readonly PlacedOutput[],
  mayBeCompacted: boolean,
): OutputFault | null {
  const sorted = found.toSorted((a, b) => a.index - b.index || a.offset - b.offset);
  const lastOffsets = new Map<string, number>();
  for (const [at, output] of sorted.entries()) {
    const before = sorted[at - 1];
    const place = { topic: output.topic, offset: output.offset };
    if (output.index === before?.index || output.index >= step.outputs) {
      const message = `it wrote ${step.outputs} records, and this one is not among them: ${nameOf(output)}`;
      return { ...faultOf('inserted', message, place), code: 'output_count' };
    }
    const isMisplaced = (lastOffsets.get(output.topic) ?? -1) > output.offset;
    lastOffsets.set(output.topic, output.offset);
    if (isMisplaced) {
      const message = `${nameOf(output)} lies before what was written before it`;
      return { ...faultOf('reordered', message, place), code: 'output_order' };
    }
    if (mayBeCompacted || output.index === (before?.index ?? -1) + 1) continue;
    return dropped(step, found, (before?.index ?? -1) + 1);
  }
  if (sorted.length < step.outputs) return mayBeCompacted ? null : dropped(step, found, sorted.length);
  const cut = sorted.find(({ value }) => value.length < FRAME_BYTES);
  if (cut !== undefined) {
    const message = `${nameOf(cut)} is too short for any record`;
    return {
      ...faultOf('altered', message, { topic: cut.topic, offset: cut.offset }),
      code: 'output_digest',
    };
  }
  if (digestOutputs(sorted).equals(step.outputDigest)) return null;
  const [first] = sorted;
  const message = `its ${step.outputs} outputs on the log do not have the digest it names; the first is ${nameOf(first)}`;
  const place = { topic: first?.topic ?? null, offset: first?.offset ?? null };
  return { ...faultOf('altered', message, place), code: 'output_digest' };
}

function dropped(step: Step, found: readonly PlacedOutput[], index: number): OutputFault {
  const neighbour = found.find((output) => output.index > index) ?? found.at(-1);
  const message = `it wrote ${step.outputs} records and the log has ${found.length}: output ${index} is missing`;
  const place = { topic: neighbour?.topic ?? null, offset: neighbour?.offset ?? null };
  return { ...faultOf('dropped', message, place), code: 'output_count' };
}

function nameOf(output: PlacedOutput | undefined): string {
  return output === undefined ? 'none' : `${output.topic}@${output.offset}`;
}
