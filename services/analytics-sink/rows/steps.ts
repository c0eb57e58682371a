/** Steps as rows of `steps`; digests as hexadecimal text. */
import type { Step } from '../../../schemas/generated/step.ts';
import { tableOf } from '../table.ts';

export const stepsTable = tableOf<Step>('steps', [
  ['service', (out, step) => out.text(step.service)],
  ['partition', (out, step) => out.integer(step.partition)],
  ['step', (out, step) => out.integer(step.step)],
  ['range_topics', (out, step) => out.texts(step.ranges, (range) => range.topic)],
  ['range_starts', (out, step) => out.integers(step.ranges, (range) => range.from)],
  ['range_ends', (out, step) => out.integers(step.ranges, (range) => range.to)],
  ['held_topics', (out, step) => out.texts(step.held, (record) => record.topic)],
  ['held_offsets', (out, step) => out.integers(step.held, (record) => record.offset)],
  ['stream_time', (out, step) => out.instantOrNull(step.streamTime)],
  ['outputs', (out, step) => out.integer(step.outputs)],
  ['output_digest', (out, step) => out.text(step.outputDigest.toString('hex'))],
  ['previous_digest', (out, step) => out.text(step.previousDigest.toString('hex'))],
  ['digest', (out, step) => out.text(step.digest.toString('hex'))],
]);
