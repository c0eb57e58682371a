/**
 * Calls to a schema registry's REST interface, where the client library hides what we need to see: the compatibility
 * level of a subject, the text of a schema, and the reason why a schema is incompatible.
 *
 * Invariant: an answer is returned, whatever its status; no answer within the time limit, and answers that mean "not
 * now", are a `RegistryUnreachable`.
 */
import { RegistryUnreachable } from './schema-directory.ts';

export interface RegistryAnswer {
  readonly status: number;
  /** Empty when the body is not a JSON object. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface RegistryCall {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: object;
}

const REQUEST_TIMEOUT_MS = 10_000;
const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json';

/** Where the registry is; user and password may be in the URL. */
export interface RegistryAddress {
  readonly host: string;
  readonly auth: { readonly username: string; readonly password: string } | undefined;
}

export function parseRegistryUrl(text: string): RegistryAddress {
  const url = new URL(text);
  const auth =
    url.username === ''
      ? undefined
      : { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  return { host: `${url.origin}${url.pathname}`.replace(/\/+$/, ''), auth };
}

export async function callRegistry(registryUrl: string, call: RegistryCall): Promise<RegistryAnswer> {
  const { host, auth } = parseRegistryUrl(registryUrl);
  const headers: Record<string, string> = {
    accept: `${MEDIA_TYPE}, application/json`,
    'content-type': MEDIA_TYPE,
  };
  if (auth !== undefined) {
    headers.authorization = `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`;
  }
  const where = `${call.method} ${host}${call.path}`;
  let response: Response;
  try {
    response = await fetch(`${host}${call.path}`, {
      method: call.method,
      headers,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    });
  } catch (cause) {
    throw new RegistryUnreachable(`${where}: the registry does not answer`, { cause });
  }
  const body = await bodyOf(response, where);
  if (response.status >= 500 || response.status === 429 || response.status === 408) {
    throw new RegistryUnreachable(`${where}: status ${response.status} ${String(body.message ?? '')}`);
  }
  return { status: response.status, body };
}

async function bodyOf(response: Response, where: string): Promise<Readonly<Record<string, unknown>>> {
  let text: string;
  try {
    text = await response.text();
  } catch (cause) {
    throw new RegistryUnreachable(`${where}: the answer broke off`, { cause });
  }
  try {
    const parsed: unknown = JSON.parse(text);
    if (Array.isArray(parsed)) return { items: parsed };
    return parsed !== null && typeof parsed === 'object' ? { ...parsed } : {};
  } catch {
    return {};
  }
}
