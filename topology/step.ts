/**
 * One step of a task, pure: batches of slices in, everything its transaction will hold out.
 *
 * Boundary: no log, no promise. The live task commits the result; the replay only compares its digest.
 *
 * Invariants:
 *  1. Every record of the batch gets exactly one verdict, and everything but a plain input leaves a trace in the
 *     outputs (refusal or dead letter), except where another service publishes the same verdict.
 *  2. The result depends on the state before, the batches and their `held` lists alone, and not on where one batch ends and
 *     the next begins: what a step took is one range of each input, in the order of the inputs.
 */
import type { Refusal } from '../schemas/generated/refusal.ts';
import type { Step } from '../schemas/generated/step.ts';
import { type Instant, instantOfMillis } from '../schemas/instant.ts';
import { refusalRule } from '../schemas/refusals.ts';
import type { SchemaDirectory } from '../schemas/schema-directory.ts';
import type { AdmissionWindow, BlockChange } from './admission-window.ts';
import { sealStep } from './digest.ts';
import { applyInput, project } from './input.ts';
import type { Intake, Verdict } from './intake.ts';
import type { LogRecord } from './log.ts';
import type { AnyProcessor, Output, RefusalOutput } from './processor.ts';
import type { PackMemory } from './record-pack.ts';
import { type Digesting, StepOutputs } from './step-outputs.ts';
import type { Store } from './store.ts';
import { serviceTopics, TOPICS, type TopicName } from './topics.ts';
import type { SourceNumber } from './use-identity.ts';

/** No id is longer (schemas/ids.ts). What a producer sends in its place must not make a refusal too large to write. */
const ID_LENGTH_MAX = 256;
const MESSAGE_LENGTH_MAX = 1_024;
const NO_KEY = Buffer.alloc(0);

/** Records of one input with from <= offset < to. */
export interface BatchSlice {
  readonly topic: TopicName;
  readonly from: number;
  readonly to: number;
  readonly records: readonly LogRecord[];
}

export interface Batch {
  readonly slices: readonly BatchSlice[];
  /** `topic:offset` of records whose schema id stayed unknown. */
  readonly held: ReadonlySet<string>;
}

/** What a task knows between steps, besides its tables and its window of ids. */
export interface Progress {
  readonly step: number;
  readonly digest: Buffer;
  readonly streamTime: Instant | null;
}

export interface TaskState {
  readonly processor: AnyProcessor;
  readonly partition: number;
  readonly directory: SchemaDirectory;
  readonly store: Store;
  readonly window: AdmissionWindow;
  readonly intake: Intake;
}

export interface StepResult {
  readonly outputs: StepOutputs;
  readonly step: Step;
  readonly progress: Progress;
  /** What the window of ids adds to the changelog. */
  readonly blocks: readonly BlockChange[];
  readonly counts: { readonly inputs: number; readonly refusals: number; readonly deadLetters: number };
}

/** A bug in a rule, or state that cannot be: the step is aborted and the process ends, naming the record. */
export class InvariantBroken extends Error {
  constructor(service: string, record: LogRecord, cause: unknown) {
    const place = `${record.topic}/${record.partition}@${record.offset}`;
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${service} cannot process ${place}: ${reason}`, { cause });
    this.name = 'InvariantBroken';
  }
}

export function heldKey(topic: string, offset: number): string {
  return `${topic}:${offset}`;
}

/** A step of one batch. */
export function evaluateStep(task: TaskState, before: Progress, batch: Batch): StepResult {
  const step = new OpenStep(task, before);
  step.take(batch);
  return step.seal();
}

/** A step that takes batches until it is sealed. */
export class OpenStep {
  readonly #outputs: StepOutputs;
  readonly #counts = { inputs: 0, refusals: 0, deadLetters: 0 };
  readonly #ranges: { readonly topic: TopicName; readonly from: number; to: number }[] = [];
  readonly #held: string[] = [];
  readonly #task: TaskState;
  readonly #before: Progress;
  readonly #rejected: string;
  #streamTime: Instant | null;

  constructor(task: TaskState, before: Progress, memory?: PackMemory, digest?: Digesting) {
    const { processor, partition, directory } = task;
    const { service } = processor;
    this.#task = task;
    this.#before = before;
    this.#streamTime = before.streamTime;
    this.#outputs = new StepOutputs({ service, partition, directory, step: before.step + 1 }, memory, digest);
    this.#rejected = serviceTopics(service).rejected;
  }

  take({ slices, held }: Batch): void {
    for (const { topic, from, to, records } of slices) {
      for (const record of records) this.#take(topic, record, held);
      const last = this.#ranges.at(-1);
      if (last?.topic === topic && last.to === from) last.to = to;
      else this.#ranges.push({ topic, from, to });
    }
    this.#held.push(...held);
  }

  /** Ends it with what the world may see of the keys that changed. */
  seal(): StepResult {
    const { processor, partition, store, window } = this.#task;
    for (const output of project(processor, store)) this.#write(output);
    const before = this.#before;
    const step = sealStep({
      service: processor.service,
      partition,
      step: before.step + 1,
      ranges: this.#ranges,
      held: this.#held.map(parseHeld),
      streamTime: this.#streamTime,
      outputs: this.#outputs.count,
      outputDigest: this.#outputs.digest(),
      previousDigest: before.digest,
    });
    const progress = { step: step.step, digest: step.digest, streamTime: this.#streamTime };
    return { outputs: this.#outputs, step, progress, blocks: window.endStep(), counts: this.#counts };
  }

  #take(topic: TopicName, record: LogRecord, held: ReadonlySet<string>): void {
    const isHeld = held.size > 0 && held.has(heldKey(topic, record.offset));
    const verdict = this.#task.intake.take({ topic, record, held: isHeld, streamTime: this.#streamTime });
    if (verdict.kind !== 'input') {
      this.#reject(topic, record, verdict);
      return;
    }
    this.#counts.inputs += 1;
    this.#streamTime = verdict.input.streamTime;
    try {
      const answers = applyInput(this.#task.processor, this.#task.store, verdict.input);
      for (const answer of answers) {
        // The use behind such a refusal was admitted, and its number travels with its cost event.
        if (answer.topic === 'rejected') this.#refuse(record, answer, null);
        else this.#write(answer);
      }
    } catch (error) {
      throw new InvariantBroken(this.#task.processor.service, record, error);
    }
  }

  #write({ topic, key, value }: Output): void {
    this.#outputs.write(topic, TOPICS[topic].record, { key, value });
  }

  /** Verdicts on usage-events are the same in every reader, so one service publishes them and the others count. */
  #reject(topic: TopicName, record: LogRecord, verdict: Exclude<Verdict, { kind: 'input' }>): void {
    const isPublished = topic !== 'usage-events' || this.#task.processor.publishesAdmission === true;
    if (verdict.kind === 'refusal') {
      this.#counts.refusals += 1;
      if (isPublished) this.#refuse(record, verdict.refusal, verdict.source);
      return;
    }
    this.#counts.deadLetters += 1;
    if (!isPublished) return;
    const { code, message } = verdict;
    this.#outputs.write(this.#rejected, 'DeadLetter', {
      key: record.key !== null && record.key.length <= ID_LENGTH_MAX ? record.key : NO_KEY,
      value: {
        service: this.#task.processor.service,
        code,
        message,
        key: record.key,
        value: record.value,
        ...originOf(record),
        ...sourceOf(verdict.source),
      },
    });
  }

  #refuse(record: LogRecord, refusal: RefusalOutput, source: SourceNumber | null): void {
    const { code, field } = refusal;
    const accountId = idOrNull(refusal.accountId);
    const recordId = idOrNull(refusal.recordId);
    const message = refusal.message.slice(0, MESSAGE_LENGTH_MAX).toWellFormed();
    const service = this.#task.processor.service;
    const transient = refusalRule(code)?.transient === true;
    this.#outputs.write(this.#rejected, 'Refusal', {
      key: accountId ?? NO_KEY,
      value: {
        service,
        code,
        field,
        message,
        transient,
        accountId,
        recordId,
        ...originOf(record),
        ...sourceOf(source),
      },
    });
  }
}

function originOf(record: LogRecord): {
  readonly originTopic: string;
  readonly originPartition: number;
  readonly originOffset: number;
  readonly recordedAt: Instant;
} {
  return {
    originTopic: record.topic,
    originPartition: record.partition,
    originOffset: record.offset,
    recordedAt: instantOfMillis(record.appendedAt),
  };
}

function sourceOf(source: SourceNumber | null): Pick<Refusal, 'sourceId' | 'sourceSequence'> {
  return source ?? { sourceId: null, sourceSequence: null };
}

function idOrNull(text: string | null): string | null {
  return text !== null && text.length <= ID_LENGTH_MAX ? text : null;
}

function parseHeld(key: string): { readonly topic: string; readonly offset: number } {
  const colon = key.lastIndexOf(':');
  return { topic: key.slice(0, colon), offset: Number(key.slice(colon + 1)) };
}
