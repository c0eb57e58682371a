/**
 * Which of the settings in a request reach the engine.
 *
 * 1. A parameter that is not known or not allowed is ignored, because every client sends some of its own.
 * 2. A reader may lower the limits on its queries and never raise them.
 * 3. Decimals and 64-bit integers are quoted in JSON unless the client says otherwise: JSON.parse would lose digits.
 */
import type { Account } from './accounts.ts';

const allowedToAll: readonly RegExp[] = [
  /^max_execution_time$/,
  /^max_result_(rows|bytes)$/,
  /^max_(rows|bytes)_to_read$/,
  /^output_format_\w+$/,
  /^format_csv_delimiter$/,
  /^date_time_(in|out)put_format$/,
  /^session_timezone$/,
  /^extremes$/,
  /^join_use_nulls$/,
  /^final$/,
];

const allowedToWriter: readonly RegExp[] = [
  /^insert_deduplication_token$/,
  /^insert_deduplicate$/,
  /^input_format_\w+$/,
  /^(mutations|alter)_sync$/,
  /^max_insert_block_size$/,
  /^min_insert_block_size_(rows|bytes)$/,
  /^max_(memory_usage|threads|partitions_per_insert_block)$/,
];

const defaults: Readonly<Record<string, string>> = {
  output_format_json_quote_decimals: '1',
  output_format_json_quote_64bit_integers: '1',
};

const mebibyte = 1024 * 1024;

/** What bounds a reader's query: the result is held whole, so its size is bounded too. */
export const readerLimits: Readonly<Record<string, number>> = {
  max_execution_time: 30,
  max_result_bytes: 256 * mebibyte,
  max_memory_usage: 1024 * mebibyte,
};

export function engineSettings(
  url: URLSearchParams,
  account: Account,
  knownToEngine: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const settings = new Map(Object.entries(defaults));
  const allowed = account.mayWrite ? [...allowedToAll, ...allowedToWriter] : allowedToAll;
  for (const [name, value] of url) {
    const passes = knownToEngine.has(name) && value !== '' && allowed.some((pattern) => pattern.test(name));
    if (passes) settings.set(name, value);
  }
  return account.mayWrite ? settings : withinLimits(settings);
}

function withinLimits(settings: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const limited = new Map(settings);
  for (const [name, limit] of Object.entries(readerLimits)) {
    const asked = Number(settings.get(name) ?? limit);
    limited.set(name, String(asked > 0 && asked <= limit ? asked : limit));
  }
  return limited;
}

/** The values for {NAME:Type} in the statement, in ClickHouse's escaped text form, as the URL carries them. */
export function boundParameters(url: URLSearchParams): ReadonlyMap<string, string> {
  const prefix = 'param_';
  const parameters = new Map<string, string>();
  for (const [name, value] of url) {
    if (name.startsWith(prefix)) parameters.set(name.slice(prefix.length), value);
  }
  return parameters;
}
