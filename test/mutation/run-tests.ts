/**
 * Runs test files of a tree and says which tests failed.
 *
 * Boundary: one call, one run of vitest in a process of its own.
 *
 * Invariants:
 *  1. Only a test that ran and failed counts as a failure. A file that cannot be loaded, or a run that does not end,
 *     says nothing about a test and has a verdict of its own.
 *  2. What was started is ended: a run beyond its time is killed with everything it started.
 */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { z } from 'zod';

const RUN_MS_MAX = 600_000;
const TOLD_LENGTH_MAX = 600;

export interface FailedTest {
  readonly file: string;
  readonly test: string;
}

export type Verdict =
  | { readonly kind: 'passed'; readonly tests: number }
  /** At least one; where the run stops at a failure, those that had failed by then. */
  | { readonly kind: 'failed'; readonly failed: readonly FailedTest[] }
  | { readonly kind: 'broken' | 'endless'; readonly message: string };

export interface TestRun {
  readonly root: string;
  readonly project: 'fast' | 'real';
  /** Paths of test files; the whole project where there are none. */
  readonly files: readonly string[];
  readonly excluded?: readonly string[];
  readonly stops: 'at the first failure' | 'at the end';
}

const Report = z.object({
  numPassedTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

export async function runTests(run: TestRun): Promise<Verdict> {
  const report = join(run.root, 'node_modules', '.mutation-report.json');
  rmSync(report, { force: true });
  const args = ['run', '--config', 'test/vitest.config.ts', '--project', run.project];
  const bail = run.stops === 'at the end' ? [] : ['--bail', '1'];
  const reporting = ['--reporter=json', `--outputFile=${report}`];
  const excluded = (run.excluded ?? []).flatMap((pattern) => ['--exclude', pattern]);
  const end = await vitest(run.root, [...args, ...bail, ...reporting, ...excluded, ...run.files]);
  if (end.kind === 'endless') return { kind: 'endless', message: `no end within ${RUN_MS_MAX} ms` };
  return verdictOf(run.root, report, end);
}

interface End {
  readonly kind: 'ended' | 'endless';
  readonly status: number | null;
  readonly told: string;
}

function vitest(root: string, args: readonly string[]): Promise<End> {
  const script = join(root, 'node_modules', '.bin', 'vitest');
  // A group of its own, so that worker processes that hang can be ended with it.
  const child = spawn(process.execPath, [script, ...args], { cwd: root, detached: true });
  const kill = (): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  };
  let told = '';
  const hear = (bytes: Buffer): void => {
    told = `${told}${String(bytes)}`.slice(-TOLD_LENGTH_MAX);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  // First of all, because the tree that it works in goes away then.
  process.prependOnceListener('exit', kill);
  return new Promise((resolve, reject) => {
    let kind: End['kind'] = 'ended';
    const timer = setTimeout(() => {
      kind = 'endless';
      kill();
    }, RUN_MS_MAX);
    child.once('error', reject);
    child.once('close', (status) => {
      clearTimeout(timer);
      process.removeListener('exit', kill);
      resolve({ kind, status, told });
    });
  });
}

function verdictOf(root: string, reportPath: string, { status, told }: End): Verdict {
  let report: z.infer<typeof Report>;
  try {
    report = Report.parse(JSON.parse(readFileSync(reportPath, 'utf8')));
  } catch {
    return { kind: 'broken', message: told };
  }
  const failed = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter((test) => test.status === 'failed')
      .map(({ fullName }): FailedTest => ({ file: relative(root, name), test: fullName })),
  );
  if (failed.length > 0) return { kind: 'failed', failed };
  if (status === 0 && report.numPassedTests > 0) return { kind: 'passed', tests: report.numPassedTests };
  const messages = report.testResults.map(({ message }) => message ?? '').filter((text) => text !== '');
  return { kind: 'broken', message: messages[0] ?? told };
}
