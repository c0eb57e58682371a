/** Prints the proof as a table a person can read, or as JSON; the last line is always the plain count. */
import Table from 'cli-table3';
import type { JobResult } from '../main-job/run-job.ts';
import type { Proof } from '../proof/proof.ts';

const DETAIL_WIDTH = 70;
/** Rows without lines between them, so that the table fits a screen. */
const COMPACT = {
  chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  style: { head: [] },
  wordWrap: true,
};

export interface ProofReport {
  readonly proof: Proof;
  readonly result: JobResult;
  readonly asJson: boolean;
}

export function printProof(report: ProofReport): void {
  const { proof, result, asJson } = report;
  if (asJson) process.stdout.write(`${JSON.stringify({ ...proof, run: result })}\n`);
  else process.stdout.write(`\n${totalsTable(report)}\n\n${checksTable(proof)}\n\n`);
  const last = `proof: ${proof.checks.length} checks, ${proof.failed} failed\n`;
  (asJson ? process.stderr : process.stdout).write(last);
}

function totalsTable({ proof, result }: ProofReport): string {
  const table = new Table({ ...COMPACT, head: ['the main job', ''], colWidths: [32, DETAIL_WIDTH] });
  const rate = Math.round(result.sent / (result.feedSeconds + result.drainSeconds));
  table.push(['uses sent', `${result.sent} in ${result.feedSeconds.toFixed(1)} s`]);
  table.push(['sent and worked off', `${rate} uses a second, all services and ClickHouse on this machine`]);
  const { service, before, after } = result.killed;
  table.push(['killed in mid-run', `${service}: pid ${before} by SIGKILL, back as pid ${after}`]);
  for (const [name, value] of Object.entries(proof.totals)) table.push([name, String(value)]);
  return table.toString();
}

function checksTable(proof: Proof): string {
  const table = new Table({
    head: ['', 'what must hold', 'found'],
    ...COMPACT,
    colWidths: [8, 40, DETAIL_WIDTH - 6],
  });
  for (const { name, holds, detail } of proof.checks) table.push([holds ? 'ok' : 'FAILED', name, detail]);
  return table.toString();
}
