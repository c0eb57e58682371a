/**
 * Whether a head is genuine, and which heads came before it.
 *
 * Invariants:
 *  1. Only the head that is asked about needs the trusted key: each one before it is known by its digest, so a key may be
 *     changed, and an old one given up, without signing anything again.
 *  2. A head that is missing leaves a part of the log unproven, which is a fault and no remark.
 */
import type { KeyObject } from 'node:crypto';
import { type Fault, faultOf } from './fault.ts';
import { digestOfHead, type Head, isSignedBy, type SignedHead } from './head.ts';
import { findHead, headFile, newestSequence, readHead } from './head-folder.ts';
import { fingerprintOf } from './signing-key.ts';

export interface HeadCheck {
  /** Up to the one asked about, from the first that is there; empty where that one is not to be trusted. */
  readonly heads: readonly Head[];
  readonly faults: readonly Fault[];
}

export interface HeadQuestion {
  readonly signed: SignedHead;
  readonly publicKey: KeyObject;
  /** Where the heads before it may lie. */
  readonly folders: readonly string[];
  /** The folder in which seals are made here. */
  readonly ownFolder: string;
}

export function checkHeads(question: HeadQuestion): HeadCheck {
  const { signed, publicKey, folders } = question;
  const forged = signatureFault(signed, publicKey);
  if (forged !== null) return { heads: [], faults: [forged] };
  const heads: Head[] = [signed.head];
  for (let head = signed.head; head.previous !== null; ) {
    const wanted = { sequence: head.sequence - 1, digest: head.previous };
    const before = findHead(folders, wanted);
    if (before === null) return { heads, faults: [missing(wanted.sequence, head)] };
    heads.unshift(before.head);
    head = before.head;
  }
  const fault = lineFault(question);
  return { heads, faults: fault === null ? [] : [fault] };
}

function signatureFault(signed: SignedHead, publicKey: KeyObject): Fault | null {
  const { sequence, key } = signed.head;
  const expected = fingerprintOf(publicKey);
  if (isSignedBy(signed, publicKey)) {
    if (key === expected) return null;
    return faultOf('wrong_key', `head ${sequence} names key ${short(key)}, and ${short(expected)} signed it`);
  }
  if (key !== expected) {
    return faultOf(
      'wrong_key',
      `head ${sequence} was signed with key ${short(key)}, not with ${short(expected)}`,
    );
  }
  return faultOf('forged_head', `the signature of head ${sequence} does not fit what it says`);
}

/** Whether the heads made here are of one line with the head asked about. */
function lineFault({ signed: { head }, ownFolder }: HeadQuestion): Fault | null {
  const newest = newestSequence(ownFolder);
  if (newest === 0) return null;
  if (newest < head.sequence) {
    return faultOf(
      'rolled_back',
      `the newest head here is ${newest}, and head ${head.sequence} was made after it`,
    );
  }
  const own = readHead(headFile(ownFolder, head.sequence));
  if (own !== null && own !== 'unreadable' && digestOfHead(own.head) === digestOfHead(head)) return null;
  return faultOf('forked', `head ${head.sequence} here is not the head ${head.sequence} that was given`);
}

function missing(sequence: number, after: Head): Fault {
  const message = `head ${sequence}, which head ${after.sequence} names, is not there or was changed`;
  return faultOf('head_missing', message);
}

function short(fingerprint: string): string {
  return fingerprint.slice(0, 16);
}
