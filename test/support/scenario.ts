/**
 * Drives one processor without a log: `take` a record, see what it answers.
 *
 * Offsets count up per topic; append time is set by the scenario and moves only when told to; stream time follows the
 * clock ticks. `project` ends a step: it returns the projections of the changed keys and commits the state.
 */
import type { RecordTypes } from '../../schemas/generated/record-types.ts';
import { type Instant, instantOfMillis } from '../../schemas/instant.ts';
import { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import { stateForm } from '../../topology/changelog.ts';
import { applyInput, inputOf, project } from '../../topology/input.ts';
import type { AnyProcessor, Output, RefusalOutput } from '../../topology/processor.ts';
import { Store } from '../../topology/store.ts';
import type { RecordOf, TopicName } from '../../topology/topics.ts';

const form = stateForm(new MemorySchemaDirectory());

/** Few, so that the rules of a service are also seen with state that was laid aside. */
const DECODED_MAX = 20;

type Answer = Output | RefusalOutput;

export interface Scenario {
  /** Takes one record and returns what the processor wrote, refusals included. */
  take<T extends TopicName>(topic: T, value: RecordTypes[RecordOf<T>]): readonly Answer[];
  /** Takes a clock tick. */
  tick(time: Instant): readonly Answer[];
  /** Ends the step: projections of what changed since the last call, and the state is committed. */
  project(): readonly Output[];
  /** Sets the append time of the records that follow. */
  appendAt(time: Instant): void;
  /** Everything answered so far, projections included. */
  readonly written: readonly Answer[];
  readonly store: Store;
}

export function scenario(
  processor: AnyProcessor,
  start: Instant = instantOfMillis(1_760_000_000_000),
): Scenario {
  const store = new Store(processor.tables, form, DECODED_MAX);
  const offsets = new Map<TopicName, number>();
  const written: Answer[] = [];
  let recordedAt = start;
  let streamTime: Instant | null = null;
  let ticks = 0;

  function take<T extends TopicName>(topic: T, value: RecordTypes[RecordOf<T>]): readonly Answer[] {
    const offset = offsets.get(topic) ?? 0;
    offsets.set(topic, offset + 1);
    const cause = { topic, partition: 0, offset };
    const answers = applyInput(
      processor,
      store,
      inputOf<TopicName>({ topic, value, cause, recordedAt, streamTime }),
    );
    written.push(...answers);
    return answers;
  }

  return {
    take,
    tick(time) {
      if (streamTime === null || time > streamTime) streamTime = time;
      ticks += 1;
      return take('clock-ticks', { sequence: ticks, time });
    },
    project() {
      const outputs = project(processor, store);
      written.push(...outputs);
      store.commit();
      return outputs;
    },
    appendAt(time) {
      recordedAt = time;
    },
    written,
    store,
  };
}
