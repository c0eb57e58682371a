/**
 * Who asks: the reader, whom everybody on this machine may be, or the one writer, who must know the password.
 *
 * The reader has no password. A password given for it is refused rather than ignored, so that a client that was
 * configured for another server notices.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { FAILURES } from './exception.ts';

export interface Account {
  readonly name: string;
  readonly mayWrite: boolean;
}

export interface WriterCredentials {
  readonly username: string;
  readonly password: string;
}

interface Credentials {
  readonly username: string;
  readonly password: string;
}

const readerNames: ReadonlySet<string> = new Set(['', 'default', 'reader']);

export function authenticate(
  headers: IncomingHttpHeaders,
  url: URLSearchParams,
  writer: WriterCredentials,
): Account {
  const { username, password } = credentialsOf(headers, url);
  if (readerNames.has(username) && password === '') return { name: username || 'default', mayWrite: false };
  if (username === writer.username && sameText(password, writer.password)) {
    return { name: username, mayWrite: true };
  }
  throw FAILURES.authenticationFailed(
    `${username || 'default'}: Authentication failed: password is incorrect, or there is no user with such name.`,
  );
}

function credentialsOf(headers: IncomingHttpHeaders, url: URLSearchParams): Credentials {
  const { authorization } = headers;
  if (authorization !== undefined) return basicCredentials(authorization);
  const username = headers['x-clickhouse-user'] ?? url.get('user') ?? '';
  const password = headers['x-clickhouse-key'] ?? url.get('password') ?? '';
  return { username: String(username), password: String(password) };
}

function basicCredentials(authorization: string): Credentials {
  const [scheme = '', encoded = ''] = authorization.split(' ', 2);
  if (scheme.toLowerCase() !== 'basic') {
    throw FAILURES.authenticationFailed(
      `The authorization scheme "${scheme}" is not supported here, only Basic is.`,
    );
  }
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0
    ? { username: decoded, password: '' }
    : { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

function sameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
