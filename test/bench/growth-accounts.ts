/**
 * The state of credit-balances as it grows: taking it back from the changelog, and booking charges on it.
 *
 * Kernel-level: changelog records are made on the fly and handed to the reader of states, so that neither a broker nor a
 * log in memory is measured. Charges go to accounts all over the state; every one must be booked.
 */
import type { Progress } from '../../infra/cli/progress.ts';
import { Random } from '../../infra/main-job/random.ts';
import { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import { creditBalances } from '../../services/credit-balances/processor.ts';
import { newTaskState } from '../../topology/cell.ts';
import { type ChangelogPartition, StateReader } from '../../topology/changelog.ts';
import { NO_DIGEST } from '../../topology/digest.ts';
import { MemoryLog } from '../../topology/log-memory.ts';
import {
  type BatchSlice,
  evaluateStep,
  type Progress as StepProgress,
  type TaskState,
} from '../../topology/step.ts';
import { serviceTopics } from '../../topology/topics.ts';
import { asRead } from '../support/as-read.ts';
import { stateRecords } from '../support/packed.ts';
import { accountChanges, accountIdOf, chargeRecord } from './account-state.ts';
import { held, heldSince, threadSeconds } from './memory.ts';

const CHUNK = 5_000;
/** Forty an account, within these bounds. */
const CHARGES_MIN = 500;
const CHARGES_MAX = 40_000;
const BATCH_RECORDS = 500;
const NONE_HELD: ReadonlySet<string> = new Set();

export interface RestoredAccounts {
  readonly accounts: number;
  readonly restoredPerSecond: number;
  /** While no account was asked for: keys and handles in the heap, values outside. */
  readonly heapBytesPerAccount: number;
  readonly outsideBytesPerAccount: number;
}

export interface AccountsPoint extends RestoredAccounts {
  /** A second of processor time. */
  readonly chargesPerSecond: number;
  /** After every account was asked for, in steps. */
  readonly askedHeapBytesPerAccount: number;
  /** Charges that were not booked. */
  readonly wrong: number;
}

export async function growthOfAccounts(
  sizes: readonly number[],
  progress: Progress,
): Promise<readonly AccountsPoint[]> {
  const points: AccountsPoint[] = [];
  // Everything is compiled before the first size is measured.
  for (const accounts of [sizes[0] ?? 0, ...sizes]) points.push(await pointOf(accounts, progress));
  return points.slice(1);
}

async function pointOf(accounts: number, progress: Progress): Promise<AccountsPoint> {
  const before = held();
  const { state, ...restored } = await restoredAccounts(accounts, progress);
  const charges = Array.from({ length: chargesOf(accounts) }, (_, offset) => offset);
  const random = new Random(accounts);
  let seconds = 0;
  let booked = 0;
  let step: StepProgress = { step: 0, digest: NO_DIGEST, streamTime: null };
  for (let from = 0; from < charges.length; from += BATCH_RECORDS) {
    const records = charges
      .slice(from, from + BATCH_RECORDS)
      .map((offset) => chargeRecord(state.directory, offset, random.below(accounts)));
    const slice: BatchSlice = { topic: 'charges', from, to: from + records.length, records };
    seconds += threadSeconds(() => {
      const result = evaluateStep(state, step, { slices: [slice], held: NONE_HELD });
      state.store.commit();
      step = result.progress;
      const journal = result.outputs.packer.packs.filter(({ topic }) => topic === 'journal');
      booked += journal.reduce((sum, { count }) => sum + count, 0);
    });
  }
  return {
    ...restored,
    chargesPerSecond: Math.round(charges.length / seconds),
    askedHeapBytesPerAccount: askForAll(state, accounts, before),
    wrong: Math.abs(charges.length - booked),
  };
}

function chargesOf(accounts: number): number {
  return Math.min(CHARGES_MAX, Math.max(CHARGES_MIN, 40 * accounts));
}

/** A task's state that was read back from a changelog of so many accounts. */
export async function restoredAccounts(
  accounts: number,
  progress: Progress,
): Promise<RestoredAccounts & { readonly state: TaskState }> {
  const directory = new MemorySchemaDirectory();
  directory.writerSchema(0);
  const log = new MemoryLog({ now: () => 0 });
  const specs = creditBalances.inputs.map((name) => ({
    name,
    partitions: 1,
    replicationFactor: 1,
    config: {},
  }));
  await log.admin.createTopics(specs);
  const before = held();
  const state = await newTaskState({ log, directory, processor: creditBalances, partition: 0 });
  const place = { topic: serviceTopics('credit-balances').changelog, partition: 0, directory };
  const reader = new StateReader(place, state);
  const shown = progress.start(`restoring ${accounts} accounts`, accounts);
  let seconds = 0;
  for (let from = 0; from < accounts; from += CHUNK) {
    const to = Math.min(accounts, from + CHUNK);
    seconds += take(reader, place, [from, to]);
    shown.add(to - from);
  }
  shown.end();
  reader.finish();
  const taken = heldSince(before);
  return {
    accounts,
    restoredPerSecond: Math.round(accounts / seconds),
    heapBytesPerAccount: Math.round(taken.heapBytes / accounts),
    outsideBytesPerAccount: Math.round(taken.outsideBytes / accounts),
    state,
  };
}

function take(reader: StateReader, place: ChangelogPartition, [from, to]: readonly [number, number]): number {
  const records = stateRecords(place, accountChanges(from, to)).map((record, index) =>
    asRead(record, from + index),
  );
  return threadSeconds(() => {
    for (const record of records) reader.take(record);
  });
}

function askForAll({ store }: TaskState, accounts: number, before: ReturnType<typeof held>): number {
  for (let number = 0; number < accounts; number += 1) {
    store.tables['accounts']?.get(accountIdOf(number));
    if (number % BATCH_RECORDS === 0) store.commit();
  }
  return Math.round(heldSince(before).heapBytes / accounts);
}
