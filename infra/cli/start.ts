/**
 * `npm start`: the system comes up, the main job runs through it, the proof is printed, and the system keeps serving.
 *
 * Exit codes with --once: 0 when every check holds, 1 when one fails, 2 for wrong options, 4 when the system itself
 * failed. The last line printed is `proof: N checks, M failed`, and `proof.json` in the state folder holds the same.
 */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { UsageEvent } from '../../schemas/generated/usage-event.ts';
import { anchorAt, type Job, loadJob, sentByAllRuns, sourcesOfAllRuns } from '../main-job/job-file.ts';
import { type JobResult, runJob } from '../main-job/run-job.ts';
import { generatedUses } from '../main-job/usage.ts';
import { customers } from '../main-job/world.ts';
import { type Proof, prove } from '../proof/proof.ts';
import { ALL_SERVICES, type System, startSystem } from '../system.ts';
import { printProof } from './proof-report.ts';
import { traceUses } from './trace-uses.ts';

interface Options {
  readonly once?: boolean;
  readonly input?: string;
  readonly events: number;
  readonly accounts: number;
  readonly seed: number;
  readonly json?: boolean;
}

const PARTITIONS = 4;

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('give a whole number above zero');
  return value;
}

const command = new Command('npm start --')
  .description('Start the ledger on this machine, run the main job through it and print what was proved.')
  .option('--once', 'end after the proof')
  .option('--input <file>', 'a trace of real requests (Azure LLM inference CSV, or Mooncake JSONL, also .gz)')
  .option('--events <n>', 'uses to generate when no trace is given', positive, 100_000)
  .option('--accounts <n>', 'billing accounts', positive, 1_000)
  .option('--seed <n>', 'seed of the generated input', positive, 20_251_122)
  .option('--json', 'print the proof as JSON on standard output, progress on standard error');

async function main(options: Options): Promise<number> {
  const startedAt = performance.now();
  const stateDir = resolve(process.env['LEDGER_STATE_DIR'] ?? '.ledger');
  const tell = (line: string): void => {
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1).padStart(6);
    (options.json === true ? process.stderr : process.stdout).write(`${seconds} s  ${line}\n`);
  };
  mkdirSync(stateDir, { recursive: true });
  const system = await startSystem({
    stateDir,
    env: process.env,
    partitions: PARTITIONS,
    replicationFactor: Number(process.env['LEDGER_REPLICATION_FACTOR'] ?? 1),
    services: ALL_SERVICES,
    onProgress: tell,
    longLived: options.once !== true,
  });
  try {
    const { proof, result } = await jobAndProof({ options, stateDir, system, tell });
    printProof({ proof, result, asJson: options.json === true });
    if (options.once === true) return proof.failed === 0 ? 0 : 1;
    await serve(system, tell);
    return 0;
  } finally {
    await system.stop();
  }
}

async function jobAndProof(run: {
  readonly options: Options;
  readonly stateDir: string;
  readonly system: System;
  readonly tell: (line: string) => void;
}): Promise<{ readonly proof: Proof; readonly result: JobResult }> {
  const { options, stateDir, system, tell } = run;
  const job = loadJob(stateDir) ?? newJob(options);
  if (job.runs.length > 0)
    tell('resuming on kept state: the same job is sent again and must charge nothing twice');
  const input = options.input === undefined ? null : resolve(options.input);
  const { uses, expectedUses } = await usesOf(job, input);
  const result = await runJob({ system, stateDir, job, input, uses, expectedUses, onProgress: tell });
  const proof = await prove({
    source: system,
    clickhouse: { url: system.stack.clickhouseUrl, ...system.stack.clickhouseWriter },
    sent: sentByAllRuns(result.job),
    sources: sourcesOfAllRuns(result.job),
    onProgress: tell,
  });
  writeFileSync(join(stateDir, 'proof.json'), `${JSON.stringify({ ...proof, run: result }, null, 2)}\n`);
  return { proof, result };
}

function newJob(options: Options): Job {
  const { seed, accounts, events: usageEvents } = options;
  return { plan: { seed, accounts, usageEvents, anchor: anchorAt(Date.now()) }, runs: [] };
}

async function usesOf(
  job: Job,
  input: string | null,
): Promise<{ readonly uses: Iterable<UsageEvent>; readonly expectedUses: number }> {
  if (input === null) {
    const uses = generatedUses(job.plan, customers(job.plan));
    return { uses, expectedUses: job.plan.usageEvents };
  }
  const uses = await traceUses(job.plan, input);
  return { uses, expectedUses: uses.length };
}

async function serve(system: System, tell: (line: string) => void): Promise<void> {
  await Promise.all([system.startService('ticker'), system.startService('console')]);
  tell(`look at ${system.consoleUrl}`);
  tell(`gateway ${system.gateway.url}, ClickHouse ${system.stack.clickhouseUrl}; Ctrl-C stops everything`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  tell('stopping');
}

command.parse();
try {
  process.exitCode = await main(command.opts<Options>());
} catch (error) {
  process.stderr.write(
    `the ledger could not run: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exitCode = 4;
}
