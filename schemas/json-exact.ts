/**
 * JSON text to values without ever making a float.
 *
 * Job: the intake of HTTP bodies and files. Boundary: the caller limits the size of the text.
 *
 * Invariants:
 *  1. A number becomes a JavaScript number only when it is a safe integer in plain notation; every other number
 *     becomes its exact source text, so 0.1, 1e-8, 9007199254740993 and -0 reach the parse functions as written.
 *  2. Nesting is bounded, and keys that could change an object's prototype are refused.
 */
import { ValueError } from './value-error.ts';

export const JSON_DEPTH_MAX = 64;

const PLAIN_INTEGER = /^-?(?:0|[1-9]\d*)$/;

export function parseJsonExact(text: string): unknown {
  refuseDepth(text);
  try {
    return JSON.parse(text, exactNumber);
  } catch (cause) {
    if (cause instanceof ValueError) throw cause;
    throw new ValueError('json_malformed', cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function exactNumber(key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (key === '__proto__' || (key === 'constructor' && value !== null && typeof value === 'object')) {
    throw new ValueError('json_forbidden_key', `the key ${key} is not allowed`);
  }
  if (typeof value !== 'number') return value;
  const source = context?.source ?? String(value);
  return PLAIN_INTEGER.test(source) && Number.isSafeInteger(value) && !Object.is(value, -0) ? value : source;
}

/** Counts brackets outside of strings before anything is built. */
function refuseDepth(text: string): void {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5c && inString) at++;
    else if (code === 0x22) inString = !inString;
    else if (inString) continue;
    else if (code === 0x7b || code === 0x5b) depth++;
    else if (code === 0x7d || code === 0x5d) depth--;
    if (depth > JSON_DEPTH_MAX) {
      throw new ValueError('json_too_deep', `more than ${JSON_DEPTH_MAX} levels of nesting`);
    }
  }
}
