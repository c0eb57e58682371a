/**
 * P1: the kernel. From the bytes of a usage event to the bytes of its charge: decode, key, admission, rating, encode.
 *
 * Ours is what a step of the real service does with the batches of its inbox (`OpenStep`), without broker and without
 * the digests of the chain. The plain version is in `plain/kernel.ts`. Every verdict and every charge is compared, to
 * the last digit.
 */
import { type Progress, SILENT } from '../../infra/cli/progress.ts';
import { disturbed, generatedUses } from '../../infra/main-job/usage.ts';
import { customers, type JobPlan, priceBooks } from '../../infra/main-job/world.ts';
import { amountOfUnits, formatAmount } from '../../schemas/amount.ts';
import { decodeFramed, encodeFramed } from '../../schemas/codec.ts';
import type { Charge } from '../../schemas/generated/charge.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import { rating } from '../../services/rating/processor.ts';
import { newTaskState } from '../../topology/cell.ts';
import { NO_DIGEST } from '../../topology/digest.ts';
import type { LogRecord } from '../../topology/log.ts';
import { MemoryLog } from '../../topology/log-memory.ts';
import { outgoingRecords, type Publication } from '../../topology/publication.ts';
import {
  type BatchSlice,
  OpenStep,
  type Progress as StepProgress,
  type StepResult,
} from '../../topology/step.ts';
import { bytesOf } from '../../topology/text-bytes.ts';
import { TOPICS, type TopicName } from '../../topology/topics.ts';
import { unpacked, valuesNamed } from '../support/packed.ts';
import { NOT_DIGESTED } from './not-digested.ts';
import { PlainKernel, type PlainVerdict } from './plain/kernel.ts';
import { type Comparison, compete } from './rounds.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const BATCH_RECORDS = 500;
const ACCOUNTS = 10_000;
const USES = 40_000;
/** A kernel's turn is long; fewer of them are as steady. */
const ROUNDS = 5;
const NONE_HELD: ReadonlySet<string> = new Set();
const BEFORE: StepProgress = { step: 0, digest: NO_DIGEST, streamTime: instantOfMillis(NOW) };

export interface KernelCase {
  readonly directory: MemorySchemaDirectory;
  readonly plan: JobPlan;
  /** Accounts, contracts and price books, to be taken before any use. */
  readonly reference: readonly BatchSlice[];
  readonly uses: readonly LogRecord[];
}

/** Uses with repeats, conflicts and every kind of refusable event among them, as bytes of the topic. */
export function kernelCase(options: { readonly accounts: number; readonly uses: number }): KernelCase {
  const directory = new MemorySchemaDirectory();
  directory.writerSchema(0);
  const plan = {
    seed: 1,
    usageEvents: options.uses,
    anchor: instantOfMillis(NOW),
    accounts: options.accounts,
  };
  const people = customers(plan);
  const sliceOf = (topic: TopicName, publications: readonly Publication[]): BatchSlice => {
    const schemaId = directory.idOf(TOPICS[topic].record);
    const framing = { source: '/bench', partitions: 1, schemaId };
    const records = publications
      .flatMap((publication) => outgoingRecords(publication, framing))
      .map(({ key, value }, offset) => recordOf(topic, offset, { key: bytesOf(key), value }));
    return { topic, from: 0, to: records.length, records };
  };
  const books = priceBooks(plan, 2).map((value) => ({ topic: 'price-books', value }) as const);
  const accounts = people.map(({ account: value }) => ({ topic: 'accounts', value }) as const);
  const contracts = people.map(({ contract: value }) => ({ topic: 'contracts', value }) as const);
  const items = [...disturbed(plan, generatedUses(plan, people))];
  const useId = directory.idOf('UsageEvent');
  return {
    directory,
    plan,
    reference: [
      sliceOf('price-books', books),
      sliceOf('accounts', accounts),
      sliceOf('contracts', contracts),
    ],
    uses: items.map(({ event }, offset) =>
      recordOf('usage-events', offset, {
        key: Buffer.from(event.accountId),
        value: encodeFramed('UsageEvent', event, useId),
      }),
    ),
  };
}

function recordOf(
  topic: string,
  offset: number,
  { key, value }: { readonly key: Buffer | null; readonly value: Buffer | null },
): LogRecord {
  return { topic, partition: 0, offset, appendedAt: NOW + offset, key, value, headers: [] };
}

/** The real rating task, with its reference data taken; `run` gives it all uses, in batches. */
export class OurKernel {
  readonly #case: KernelCase;
  readonly #run: (slice: BatchSlice) => StepResult;

  private constructor(kernelCase: KernelCase, run: (slice: BatchSlice) => StepResult) {
    this.#case = kernelCase;
    this.#run = run;
  }

  static async open(kernelCase: KernelCase): Promise<OurKernel> {
    const log = new MemoryLog({ now: () => NOW });
    const topics = rating.inputs.map((name) => ({ name, partitions: 1, replicationFactor: 1, config: {} }));
    await log.admin.createTopics(topics);
    const { directory, reference } = kernelCase;
    const state = await newTaskState({ log, directory, processor: rating, partition: 0 });
    const run = (slice: BatchSlice): StepResult => {
      const step = new OpenStep(state, BEFORE, undefined, NOT_DIGESTED);
      step.take({ slices: [slice], held: NONE_HELD });
      const result = step.seal();
      state.store.commit();
      return result;
    };
    for (const slice of reference) run(slice);
    return new OurKernel(kernelCase, run);
  }

  run(): readonly StepResult[] {
    const { uses } = this.#case;
    const taken: StepResult[] = [];
    for (let from = 0; from < uses.length; from += BATCH_RECORDS) {
      const records = uses.slice(from, from + BATCH_RECORDS);
      taken.push(this.#run({ topic: 'usage-events', from, to: from + records.length, records }));
    }
    return taken;
  }
}

export function plainKernel({ plan }: KernelCase): PlainKernel {
  const people = customers(plan);
  return new PlainKernel({
    accounts: people.map(({ account }) => account),
    contracts: people.map(({ contract }) => contract),
    books: priceBooks(plan, 2),
  });
}

/** Of each use what became of it, as text: the charge as JSON, or the code of its refusal. */
export function kernelDifferences(
  { directory, uses }: KernelCase,
  ours: readonly StepResult[],
  plain: readonly PlainVerdict[],
): number {
  const verdicts = new Map<number, string>();
  const written = ours.flatMap(({ outputs }) => unpacked(outputs.packer.packs));
  for (const record of ['Charge', 'Refusal'] as const) {
    for (const value of valuesNamed(written, record, directory)) {
      const decoded = decodeFramed(record, value, (id) => directory.writerSchema(id));
      if (!decoded.ok) throw new Error(decoded.message);
      if ('cause' in decoded.value) verdicts.set(decoded.value.cause.offset, textOf(decoded.value));
      // A use in suspense has a charge and, beside it, a refusal that will pass.
      else if (!decoded.value.transient) verdicts.set(decoded.value.originOffset, decoded.value.code);
    }
  }
  let differences = 0;
  for (const offset of uses.keys()) {
    const verdict = plain[offset];
    const text = verdict?.kind === 'charge' ? verdict.json : verdict?.code;
    if (text === undefined || verdicts.get(offset) !== text) differences += 1;
  }
  return differences;
}

function textOf(charge: Charge): string {
  return JSON.stringify(charge, (_, part: unknown) =>
    typeof part === 'bigint' ? formatAmount(amountOfUnits(part)) : part,
  );
}

export async function kernel(progress: Progress = SILENT, uses = USES): Promise<Comparison> {
  const work = kernelCase({ accounts: ACCOUNTS, uses });
  const plain = plainKernel(work);
  let ours = await OurKernel.open(work);
  let taken: readonly StepResult[] = [];
  let verdicts: readonly PlainVerdict[] = [];
  const contest = await compete(
    {
      name: 'a use from its bytes to the bytes of its charge',
      operations: work.uses.length,
      operation: 'uses',
      rounds: ROUNDS,
      sides: [
        {
          name: 'ours',
          async prepare() {
            ours = await OurKernel.open(work);
          },
          run() {
            taken = ours.run();
          },
        },
        {
          name: 'avsc + decimal.js + JSON.stringify',
          prepare: () => plain.forget(),
          run() {
            verdicts = work.uses.map((record) => plain.take(record));
          },
        },
      ],
    },
    progress,
  );
  return {
    contests: [contest],
    compared: work.uses.length,
    differences: kernelDifferences(work, taken, verdicts),
  };
}
