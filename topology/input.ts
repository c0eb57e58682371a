/**
 * Builds the input a processor sees, and applies it: decide, then evolve with the input, then with each output.
 *
 * Boundary: pure. The live loop, the replay and the tests of a service all go through `applyInput`, so a rule that
 * holds in one holds in the others.
 */
import type { Cause } from '../schemas/generated/charge.ts';
import type { RecordTypes } from '../schemas/generated/record-types.ts';
import type { Instant } from '../schemas/instant.ts';
import type { AnyProcessor, Input, Output, RefusalOutput } from './processor.ts';
import type { Store } from './store.ts';
import type { RecordOf, TopicName } from './topics.ts';

export interface InputParts<T extends TopicName> {
  readonly topic: T;
  readonly value: RecordTypes[RecordOf<T>];
  readonly cause: Cause;
  readonly recordedAt: Instant;
  readonly streamTime: Instant | null;
}

/** The one cast of the runtime: the compiler cannot see that topic and value of a union vary together. */
export function inputOf<T extends TopicName>(parts: InputParts<T>): Input<T> {
  return parts as Input<T>;
}

export function applyInput(
  processor: AnyProcessor,
  store: Store,
  input: Input,
): readonly (Output | RefusalOutput)[] {
  const outputs = processor.decide(store.tables, input);
  processor.evolve(store.tables, input);
  for (const output of outputs) {
    if (output.topic !== 'rejected') processor.evolve(store.tables, output);
  }
  return outputs;
}

/** What the world may see of the keys changed in this step, table by table, in the order of first change. */
export function project(processor: AnyProcessor, store: Store): readonly Output[] {
  const outputs: Output[] = [];
  for (const [table, projection] of Object.entries(processor.projections ?? {})) {
    if (projection === undefined) continue;
    for (const key of store.changedKeys(table)) outputs.push(...projection(store.tables, key));
  }
  return outputs;
}
