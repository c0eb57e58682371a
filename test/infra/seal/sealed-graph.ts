/** A small graph that has worked, sealed in a folder of its own, and the commands over it or over a log like it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { seal } from '../../../infra/cli/commands/seal.ts';
import { type VerifyOptions, verify } from '../../../infra/cli/commands/verify.ts';
import type { Report } from '../../../infra/cli/report.ts';
import type { Fault } from '../../../infra/seal/fault.ts';
import type { Log } from '../../../topology/log.ts';
import { type MemoryGraph, newGraph, runMainJob, workersOf } from '../../support/memory-graph.ts';
import { fakeContext } from '../cli/cli-support.ts';

export async function workedGraph(uses: number, seed = 7): Promise<MemoryGraph> {
  const graph = await newGraph({ seed, uses });
  await runMainJob(graph, workersOf(graph));
  return graph;
}

/** `stateDir` is where the seals lie; the caller removes it. */
export function newStateDir(): string {
  return mkdtempSync(join(tmpdir(), 'outcome-ledger-seal-'));
}

/** As `newStateDir`, removed when the test ends. */
export function ownStateDir(): string {
  const stateDir = newStateDir();
  onTestFinished(() => rmSync(stateDir, { recursive: true, force: true }));
  return stateDir;
}

export interface Place {
  readonly graph: MemoryGraph;
  readonly stateDir: string;
  readonly signingKey?: string;
}

export function sealed(
  { graph, stateDir, signingKey }: Place,
  options: { out?: string } = {},
): Promise<Report> {
  return seal(contextOf(graph, graph.log, { stateDir, signingKey: signingKey ?? null }), options);
}

export function verified(
  { graph, stateDir }: Place,
  options: VerifyOptions & { readonly log?: Log } = {},
): Promise<Report> {
  const { log = graph.log, ...words } = options;
  return verify(contextOf(graph, log, { stateDir }), words);
}

export function faultsOf({ data }: Report): readonly Fault[] {
  return JSON.parse(JSON.stringify(data)).faults;
}

function contextOf(
  { directory }: MemoryGraph,
  log: Log,
  settings: { stateDir: string; signingKey?: string | null },
) {
  return fakeContext({ log, directory, settings });
}
