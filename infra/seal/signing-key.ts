/**
 * The Ed25519 key that signs heads.
 *
 * Invariants:
 *  1. A key that is given is used as it is; otherwise one is made once, readable by its owner alone, and never replaced.
 *  2. The public key lies in the folder of the heads, whoever keeps the private one.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** SHA-256 of the public key as DER, in hexadecimal. */
  readonly fingerprint: string;
  readonly isNew: boolean;
}

export class KeyUnusable extends Error {
  constructor(file: string, reason: string, options?: { cause: unknown }) {
    super(`${file} is no usable key: ${reason}`, options);
    this.name = 'KeyUnusable';
  }
}

export function publicKeyFile(folder: string): string {
  return join(folder, 'public-key.pem');
}

export function signingKey(folder: string, givenFile: string | null): SigningKey {
  mkdirSync(folder, { recursive: true });
  const file = givenFile ?? join(folder, 'signing-key.pem');
  const isNew = givenFile === null && !existsSync(file);
  if (isNew) writeFileSync(file, newKey(), { mode: 0o600, flag: 'wx' });
  const privateKey = ed25519(file, createPrivateKey);
  const publicKey = createPublicKey(privateKey);
  return { privateKey, publicKey, fingerprint: fingerprintOf(publicKey), isNew };
}

/** Puts the public key beside the head that it has just signed; the one before it is needed until then. */
export function publishKey(folder: string, { publicKey }: SigningKey): string {
  const file = publicKeyFile(folder);
  writeFileSync(file, publicKey.export({ type: 'spki', format: 'pem' }));
  return file;
}

export function readPublicKey(file: string): KeyObject {
  return ed25519(file, createPublicKey);
}

export function fingerprintOf(publicKey: KeyObject): string {
  return hash('sha256', publicKey.export({ type: 'spki', format: 'der' }), 'hex');
}

function newKey(): string | Buffer {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
}

function ed25519(file: string, read: (pem: Buffer) => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = read(readFileSync(file));
  } catch (cause) {
    throw new KeyUnusable(file, cause instanceof Error ? cause.message : String(cause), { cause });
  }
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw new KeyUnusable(file, `it is of type ${key.asymmetricKeyType}, not ed25519`);
}
