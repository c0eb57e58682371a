/**
 * The head that `ledger verify` holds the log against, and what comes of it.
 *
 * Invariant: a head that is asked for and is not to be trusted is a fault of its own, and the log is then checked
 * without it, never against it.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkHeads, type HeadCheck } from '../../seal/check-heads.ts';
import { checkRanges, type RangeCheck } from '../../seal/check-ranges.ts';
import { type Fault, faultOf } from '../../seal/fault.ts';
import type { Head, SignedHead } from '../../seal/head.ts';
import { headFile, newestSequence, readHead } from '../../seal/head-folder.ts';
import { fingerprintOf, publicKeyFile, readPublicKey } from '../../seal/signing-key.ts';
import { dataError, usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import type { Source } from '../topic-scan.ts';

export interface ChosenHead extends HeadCheck {
  readonly signed: SignedHead;
  readonly keyFingerprint: string;
  readonly isKeyGiven: boolean;
  readonly folders: readonly string[];
}

export interface SealReport {
  readonly sequence: number;
  readonly sealedAt: string;
  readonly keyFingerprint: string;
  readonly isKeyGiven: boolean;
  /** Sealed records that are on the log and were compared. */
  readonly records: number;
  readonly faults: readonly Fault[];
}

/** Null where no head was given and none was made here. */
export function chooseHead(
  { settings }: Pick<Context, 'settings'>,
  words: { readonly head?: string; readonly publicKey?: string },
): ChosenHead | null {
  const ownFolder = join(settings.stateDir, 'seals');
  const file = words.head ?? newestFile(ownFolder);
  if (file === null) {
    if (words.publicKey !== undefined)
      throw usageError('--public-key was given, and there is no head to check with it');
    return null;
  }
  const signed = readHead(file);
  if (signed === null)
    throw dataError('head_unknown', `${file} is not there`, 'Give the file that `ledger seal` wrote.');
  if (signed === 'unreadable') {
    throw dataError('head_unreadable', `${file} is no head`, 'Give the file that `ledger seal` wrote.');
  }
  const publicKey = readPublicKey(words.publicKey ?? publicKeyFile(ownFolder));
  const folders = [dirname(file), ownFolder];
  const check = checkHeads({ signed, publicKey, folders, ownFolder });
  const isKeyGiven = words.publicKey !== undefined;
  return { ...check, signed, keyFingerprint: fingerprintOf(publicKey), isKeyGiven, folders };
}

function newestFile(folder: string): string | null {
  const newest = existsSync(folder) ? newestSequence(folder) : 0;
  return newest === 0 ? null : headFile(folder, newest);
}

export async function sealReport(
  source: Source,
  chosen: ChosenHead,
  scope: Pick<RangeCheck, 'isChosen'> & Pick<Context, 'progress'>,
): Promise<SealReport> {
  const { signed, keyFingerprint, isKeyGiven, heads, folders } = chosen;
  const faults = [...chosen.faults, ...(await clusterFaults(source, heads))];
  const task = scope.progress.start('comparing sealed records', recordsOf(heads, scope));
  const ranges = await checkRanges(source, {
    heads,
    folders,
    isChosen: scope.isChosen,
    onRecords: (count) => task.add(count),
  });
  task.end();
  const { sequence, sealedAt } = signed.head;
  const { records } = ranges;
  return { sequence, sealedAt, keyFingerprint, isKeyGiven, records, faults: [...faults, ...ranges.faults] };
}

function recordsOf(heads: readonly Head[], { isChosen }: Pick<RangeCheck, 'isChosen'>): number {
  const ranges = heads.flatMap((head) => head.ranges.filter(isChosen));
  return ranges.reduce((sum, { records }) => sum + records, 0);
}

async function clusterFaults(source: Source, heads: readonly Head[]): Promise<readonly Fault[]> {
  const sealed = heads.at(-1)?.clusterId;
  const found = await source.log.clusterId();
  if (sealed === undefined || sealed === found) return [];
  return [faultOf('other_cluster', `the head is of cluster ${sealed}, this is ${found}`)];
}
