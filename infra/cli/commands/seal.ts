/**
 * `ledger seal`: signs what the log holds now, as the next head of the chain of heads (L7).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { digestOfHead, type Head, isSignedBy, type SignedHead, signHead } from '../../seal/head.ts';
import { headFile, newestSequence, readHead, writeHead } from '../../seal/head-folder.ts';
import { IndexWriter } from '../../seal/index-file.ts';
import { headOf, readHeadContent } from '../../seal/make-head.ts';
import {
  publicKeyFile,
  publishKey,
  readPublicKey,
  type SigningKey,
  signingKey,
} from '../../seal/signing-key.ts';
import { dataError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { counted } from '../output.ts';
import { EXIT, type Report } from '../report.ts';

export interface SealOptions {
  readonly out?: string;
}

export function sealsFolder({ settings }: Pick<Context, 'settings'>): string {
  return join(settings.stateDir, 'seals');
}

export async function seal(
  context: Pick<Context, 'settings' | 'source' | 'progress' | 'now'>,
  { out }: SealOptions,
): Promise<Report> {
  if (out !== undefined && existsSync(out)) {
    throw dataError(
      'file_exists',
      `${out} is there already`,
      'Give a name that is free; a head is never overwritten.',
    );
  }
  const folder = sealsFolder(context);
  const source = await context.source();
  const key = signingKey(folder, context.settings.signingKey);
  const previous = previousHead(folder, key);
  const sequence = (previous?.sequence ?? 0) + 1;
  const task = context.progress.start('sealing records', null);
  const index = new IndexWriter(folder, sequence);
  const content = await readHeadContent(source, {
    previous,
    addEntry: (entry) => index.add(entry),
    onRecords: (count) => task.add(count),
  });
  const head = headOf(content, {
    sequence,
    previous: previous === null ? null : digestOfHead(previous),
    key: key.fingerprint,
    index: index.end(),
    now: context.now(),
  });
  task.end();
  const signed = signHead(head, key.privateKey);
  const file = headFile(folder, sequence);
  writeHead(file, signed);
  if (out !== undefined) writeHead(out, signed);
  return reportOf(head, key, { file, out: out ?? null, publicKeyFile: publishKey(folder, key) });
}

/** A head that somebody changed is no ground to build the next one on. */
function previousHead(folder: string, key: SigningKey): Head | null {
  const sequence = newestSequence(folder);
  if (sequence === 0) return null;
  const file = headFile(folder, sequence);
  const found = readHead(file);
  if (found !== null && found !== 'unreadable' && isTrusted(found, folder, key)) return found.head;
  const wayOut = 'Run `ledger verify`; put the head back from the copy that was handed out.';
  throw dataError('head_unusable', `${file} is not a head that this system signed`, wayOut);
}

/** After a change of key the last head carries the old one, which still lies beside it. */
function isTrusted(signed: SignedHead, folder: string, key: SigningKey): boolean {
  if (signed.head.key === key.fingerprint) return isSignedBy(signed, key.publicKey);
  const before = publicKeyFile(folder);
  return existsSync(before) && isSignedBy(signed, readPublicKey(before));
}

function reportOf(
  head: Head,
  key: SigningKey,
  files: { readonly file: string; readonly out: string | null; readonly publicKeyFile: string },
): Report {
  const records = head.ranges.reduce((sum, range) => sum + range.records, 0);
  const steps = head.chains.reduce((sum, chain) => sum + chain.step, 0);
  const { sequence, previous, sealedAt, clusterId } = head;
  const digest = digestOfHead(head);
  const data = {
    ok: true,
    sequence,
    digest,
    previous,
    sealedAt,
    clusterId,
    records,
    steps,
    chains: head.chains,
    keyFingerprint: key.fingerprint,
    ...files,
  };
  return {
    data,
    exitCode: EXIT.ok,
    render: () =>
      [
        `Head ${sequence} seals ${counted(records, 'new record')}; ${counted(steps, 'step')} of ${counted(head.chains.length, 'chain')} up to now.`,
        `  digest       ${digest}`,
        `  before it    ${previous ?? 'none'}`,
        `  file         ${files.out ?? files.file}`,
        `  public key   ${files.publicKeyFile}`,
        `  fingerprint  ${key.fingerprint}`,
        ...(key.isNew
          ? ['  The key is new: write its fingerprint down where this system cannot change it.']
          : []),
      ].join('\n'),
  };
}
