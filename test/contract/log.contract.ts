/**
 * Job: the contract of the log port, run against every implementation.
 *
 * Boundary: the cases are in `log.reading.ts` and `log.transactions.ts`; this file makes tests of them.
 */

import { afterAll, beforeAll, describe, it } from 'vitest';
import type { LogHarness } from './log.harness.ts';
import { readingCases } from './log.reading.ts';
import { transactionCases } from './log.transactions.ts';

export function logContract(
  name: string,
  makeLog: () => Promise<LogHarness>,
  options: { readonly caseTimeoutMs?: number } = {},
): void {
  describe(`${name} keeps the contract of the log`, () => {
    let harness: LogHarness | null = null;
    beforeAll(async () => {
      harness = await makeLog();
    });
    afterAll(async () => {
      await harness?.close();
    });
    for (const [title, run] of Object.entries({ ...readingCases, ...transactionCases })) {
      it(title, { timeout: options.caseTimeoutMs ?? 5_000 }, async () => {
        if (harness === null) throw new Error('the log was not made');
        await run(harness);
      });
    }
  });
}
