/**
 * Job: say whether a request carries one of the configured keys.
 *
 * Invariants:
 *  1. The time taken does not depend on which key was sent, nor on how much of it is right.
 *  2. Keys are held as digests only and never appear in a message.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import { HttpProblem } from './http-problem.ts';

export interface KeyHeaders {
  readonly authorization?: string | undefined;
  readonly 'x-api-key'?: string | readonly string[] | undefined;
}

export class ApiKeys {
  readonly #digests: readonly Buffer[];

  constructor(keys: readonly string[]) {
    this.#digests = keys.map(digestOf);
  }

  /** Throws the answer for a request without a valid key. */
  check(headers: KeyHeaders): void {
    const sent = keyIn(headers);
    if (sent === null) throw new HttpProblem('api_key_missing', 'this path needs an API key');
    const digest = digestOf(sent);
    let isKnown = false;
    for (const known of this.#digests) isKnown = timingSafeEqual(known, digest) || isKnown;
    if (!isKnown) throw new HttpProblem('api_key_invalid', 'the API key is not known');
  }
}

function keyIn(headers: KeyHeaders): string | null {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const header = headers['x-api-key'];
  return typeof header === 'string' && header !== '' ? header : null;
}

function digestOf(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
