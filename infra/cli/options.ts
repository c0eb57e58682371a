/**
 * Text of the command line to values; what does not fit is a usage error that names the option.
 */
import { InvalidArgumentError } from 'commander';
import { parseCurrency } from '../../schemas/currency.ts';
import { type AccountId, parseAccountId } from '../../schemas/ids.ts';
import { formatInstant, type Instant, parseInstant } from '../../schemas/instant.ts';
import { SERVICES, type ServiceName } from '../../topology/topics.ts';

/** RFC 3339, or a date alone, which is its first instant in UTC. */
export function instant(text: string): Instant {
  return checked(() => parseInstant(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text));
}

export function month(text: string): string {
  if (/^\d{4}-(0[1-9]|1[0-2])$/.test(text)) return text;
  throw new InvalidArgumentError('It must be a month as YYYY-MM.');
}

/** A calendar day of UTC. */
export function day(text: string): string {
  const begin = checked(() => parseInstant(`${text}T00:00:00Z`));
  return formatInstant(begin).slice(0, 10);
}

export function account(text: string): AccountId {
  return checked(() => parseAccountId(text));
}

export function service(text: string): ServiceName {
  const found = SERVICES.find((name) => name === text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`It must be one of ${SERVICES.join(', ')}.`);
}

export function currency(text: string): string {
  return checked(() => parseCurrency(text));
}

function checked<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}
