/** Asks the console's own server. Every failure is a `Trouble` with a stable code. */
const TIMEOUT_MS = 30_000;

export class Trouble extends Error {
  constructor({ code, message, wayOut = '', details = [] }) {
    super(message);
    this.code = code;
    this.wayOut = wayOut;
    this.details = details;
  }

  /** Whether the same question may be answered later without being changed. */
  get passes() {
    return this.code !== 'parameter_invalid' && this.code !== 'request_unknown' && this.code !== 'not_found';
  }
}

/** The answer as text, so that an answer that did not change is noticed. */
export async function ask(path, parameters = {}) {
  const query = new URLSearchParams(parameters);
  let response;
  let text;
  try {
    response = await fetch(`${path}?${query}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    text = await response.text();
  } catch (cause) {
    throw new Trouble({ code: 'console_unreachable', message: String(cause?.message ?? cause) });
  }
  if (response.ok) return text;
  throw new Trouble(problemIn(text) ?? { code: 'internal', message: `HTTP ${response.status}` });
}

function problemIn(text) {
  try {
    return JSON.parse(text).error;
  } catch {
    return undefined;
  }
}
