/**
 * Who the uses of a trace are said to belong to.
 *
 * Accounts that the log knows are taken first, in the order of their ids, so that the uses can be priced; only where it
 * knows none are ids made up, and then the charges wait in suspense for accounts and contracts.
 */
import { basename } from 'node:path';
import { type AccountId, parseAccountId } from '../../schemas/ids.ts';
import { usageError } from './cli-error.ts';
import { decode, partitionsOf, type Source, scan } from './topic-scan.ts';

export async function traceAccounts(source: Source, count: number): Promise<readonly AccountId[]> {
  const known = new Set<AccountId>();
  await scan(source, await partitionsOf(source.log, ['accounts']), {
    visit(record) {
      const decoded = decode(source.directory, 'Account', record);
      if (decoded.ok && decoded.value.status === 'active') known.add(decoded.value.accountId);
    },
  });
  if (known.size > 0) return [...known].sort().slice(0, count);
  return Array.from({ length: count }, (_, index) =>
    parseAccountId(`trace-${String(index + 1).padStart(4, '0')}`),
  );
}

/** The name of a trace begins the ids of its requests. */
export function traceName(file: string): string {
  return basename(file)
    .replace(/\.(csv|jsonl|gz|txt)(?=\.|$)/gi, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-');
}

export function traceModel(text: string): { readonly provider: string; readonly model: string } {
  const slash = text.indexOf('/');
  if (slash > 0 && slash < text.length - 1)
    return { provider: text.slice(0, slash), model: text.slice(slash + 1) };
  throw usageError(
    `--model ${text} names no provider`,
    'Write it as provider/model, for instance openai/gpt-4.1.',
  );
}
