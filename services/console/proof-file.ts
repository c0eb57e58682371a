/**
 * The proof that the last run wrote, read anew each time it is asked for.
 *
 * Boundary: shows what was proved and judges nothing; the console never proves anything itself.
 */
import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { Problem } from './problem.ts';

const PROOF_BYTES_MAX = 4 * 1024 * 1024;

const ProofFile = z.object({
  checks: z.array(z.object({ name: z.string(), holds: z.boolean(), detail: z.string() })),
  failed: z.number().int().nonnegative(),
  totals: z.record(z.string(), z.union([z.string(), z.number()])),
  run: z
    .object({
      sent: z.number(),
      feedSeconds: z.number(),
      drainSeconds: z.number(),
      killed: z.object({ service: z.string(), before: z.number().nullable(), after: z.number().nullable() }),
    })
    .optional()
    .catch(undefined),
});

export interface ShownProof extends z.infer<typeof ProofFile> {
  readonly writtenAt: string;
}

export interface ProofPort {
  read(): Promise<ShownProof>;
}

export function proofFile(path: string | undefined): ProofPort {
  return { read: () => readProof(path) };
}

async function readProof(path: string | undefined): Promise<ShownProof> {
  if (path === undefined) throw new Problem('proof_missing', 'no proof was named for this console');
  const { text, writtenAt } = await contentOf(path);
  try {
    return { ...ProofFile.parse(JSON.parse(text)), writtenAt };
  } catch (cause) {
    throw new Problem('proof_unreadable', 'the proof is not complete or not a proof', { cause });
  }
}

async function contentOf(path: string): Promise<{ readonly text: string; readonly writtenAt: string }> {
  try {
    const { size, mtime } = await stat(path);
    if (size > PROOF_BYTES_MAX) throw new Problem('proof_unreadable', 'the proof is larger than any proof');
    return { text: await readFile(path, 'utf8'), writtenAt: mtime.toISOString() };
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    const isAbsent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    if (isAbsent) throw new Problem('proof_missing', 'no run has written a proof yet', { cause });
    throw new Problem('proof_unreadable', 'the proof cannot be read', { cause });
  }
}
