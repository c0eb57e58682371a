/**
 * A head: what the log was at one moment, signed, and bound to the head before it.
 *
 * Boundary: values, bytes and signatures; files are the business of `head-folder.ts`, the log that of `make-head.ts`.
 *
 * Invariants:
 *  1. What is signed is one byte string of all fields by position; a field that the format does not know is refused, so
 *     nothing in the file is unsigned.
 *  2. A head names the digest of the head before, so the newest vouches for all of them, by whatever key they were signed.
 */
import { hash, type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { SERVICES } from '../../topology/topics.ts';

const PURPOSE = 'outcome-ledger head 1\n';
const hex32 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().min(0);

const ChainHead = z.strictObject({
  service: z.enum(SERVICES),
  partition: count,
  /** Number of the last step, its digest and its offset; 0, zeros and -1 for a chain that has not begun. */
  step: count,
  digest: hex32,
  offset: z.number().int().min(-1),
});

/** The records of one partition with from <= offset < to. */
const SealedRange = z.strictObject({
  topic: z.string(),
  partition: count,
  from: count,
  to: count,
  records: count,
  digest: hex32,
});

const Head = z.strictObject({
  format: z.literal(1),
  sequence: z.number().int().min(1),
  previous: hex32.nullable(),
  clusterId: z.string(),
  sealedAt: z.string(),
  /** Fingerprint of the key that signs. */
  key: hex32,
  chains: z.array(ChainHead),
  ranges: z.array(SealedRange),
  /** The file that helps to find what differs. */
  index: z.strictObject({ bytes: count, digest: hex32 }),
});

const SignedHead = z
  .strictObject({ head: Head, signature: z.base64() })
  .refine(
    ({ head }) => (head.sequence === 1) === (head.previous === null),
    'only the first head has none before it',
  );

export type ChainHead = z.infer<typeof ChainHead>;
export type SealedRange = z.infer<typeof SealedRange>;
export type Head = z.infer<typeof Head>;
export type SignedHead = z.infer<typeof SignedHead>;

export function parseSignedHead(text: string): SignedHead | null {
  try {
    return SignedHead.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

export function digestOfHead(head: Head): string {
  return hash('sha256', signedBytes(head), 'hex');
}

export function signHead(head: Head, privateKey: KeyObject): SignedHead {
  return { head, signature: sign(null, signedBytes(head), privateKey).toString('base64') };
}

export function isSignedBy({ head, signature }: SignedHead, publicKey: KeyObject): boolean {
  return verify(null, signedBytes(head), publicKey, Buffer.from(signature, 'base64'));
}

function signedBytes(head: Head): Buffer {
  const fields = [
    head.format,
    head.sequence,
    head.previous,
    head.clusterId,
    head.sealedAt,
    head.key,
    head.chains.map(({ service, partition, step, digest, offset }) => [
      service,
      partition,
      step,
      digest,
      offset,
    ]),
    head.ranges.map(({ topic, partition, from, to, records, digest }) => [
      topic,
      partition,
      from,
      to,
      records,
      digest,
    ]),
    [head.index.bytes, head.index.digest],
  ];
  return Buffer.from(PURPOSE + JSON.stringify(fields));
}
