/**
 * `ledger import trace`: real request traces as usage events on the log, at their own pace or at a rate.
 *
 * Boundary: reading a trace is the importers' matter; here its uses are published.
 *
 * Invariant: importing the same file with the same seed again sends the same request ids, which are counted once.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { UsageEvent } from '../../../schemas/generated/usage-event.ts';
import { Publisher } from '../../../topology/publisher.ts';
import { subjectsOfTopics } from '../../../topology/subjects.ts';
import type { Context } from '../context.ts';
import { counted } from '../output.ts';
import { EXIT, type Report } from '../report.ts';

export interface ImportTraceOptions {
  readonly uses: Iterable<UsageEvent> | AsyncIterable<UsageEvent>;
  /** Uses a second; null sends as fast as the log takes them. */
  readonly rate: number | null;
}

const BATCH_RECORDS = 1_000;

export async function importTrace(
  context: Pick<Context, 'log' | 'directory' | 'progress' | 'signal'>,
  { uses, rate }: ImportTraceOptions,
): Promise<Report> {
  const publisher = await Publisher.open({
    log: await context.log(),
    directory: await context.directory(subjectsOfTopics(['usage-events'])),
    source: '/outcome-ledger/cli/trace',
    transactionalId: 'ledger-cli',
    transactor: 'per_call',
  });
  const task = context.progress.start('importing', null);
  const begun = performance.now();
  const accounts = new Set<string>();
  let sent = 0;
  try {
    for await (const batch of batchesOf(
      uses,
      rate === null ? BATCH_RECORDS : Math.min(BATCH_RECORDS, rate),
    )) {
      context.signal.throwIfAborted();
      await publisher.publish(batch.map((value) => ({ topic: 'usage-events', value })));
      for (const { accountId } of batch) accounts.add(accountId);
      sent += batch.length;
      task.add(batch.length);
      if (rate !== null) await untilDue(begun + (sent * 1_000) / rate);
    }
  } finally {
    await publisher.close();
  }
  task.end();
  const seconds = (performance.now() - begun) / 1_000;
  const data = { sent, accounts: accounts.size, seconds: Number(seconds.toFixed(3)) };
  const render = (): string =>
    `${counted(sent, 'use')} of ${counted(accounts.size, 'account')} sent in ${seconds.toFixed(1)} s (${Math.round(sent / Math.max(seconds, 0.001))} a second).`;
  return { data, exitCode: EXIT.ok, render };
}

async function* batchesOf(
  uses: ImportTraceOptions['uses'],
  size: number,
): AsyncGenerator<readonly UsageEvent[]> {
  let batch: UsageEvent[] = [];
  for await (const use of uses) {
    batch.push(use);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function untilDue(dueAt: number): Promise<void> {
  const wait = dueAt - performance.now();
  if (wait > 0) await pause(wait);
}
