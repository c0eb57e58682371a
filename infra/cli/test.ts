/**
 * `npm test`: everything that must hold before main moves: format and lint, types, generated files, the fast suite, and
 * the suite on the real broker, registry and ClickHouse.
 *
 * Every stage runs even when one before it failed, so one run tells everything. The last line is the plain count
 * `N passed, N failed`; a stage that is no test suite counts as one test.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const Summary = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numFailedTestSuites: z.number(),
});

const root = join(import.meta.dirname, '..', '..');
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);

function run(title: string, command: string, args: readonly string[]): boolean {
  process.stdout.write(`\n== ${title}\n`);
  const { status, error } = spawnSync(command, [...args], { cwd: root, stdio: 'inherit' });
  if (error !== undefined) process.stdout.write(`${title}: ${error.message}\n`);
  return status === 0;
}

function check(title: string, command: string, args: readonly string[]): Count {
  const holds = run(title, command, args);
  return { passed: holds ? 1 : 0, failed: holds ? 0 : 1, skipped: 0 };
}

/** Runs one project of the test configuration; a suite that could not even be loaded counts as a failure. */
function suite(project: string, filters: readonly string[]): Count {
  const folder = mkdtempSync(join(tmpdir(), 'outcome-ledger-report-'));
  const report = join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const holds = run(`the ${project} suite`, process.execPath, [
    bin('vitest'),
    'run',
    '--config',
    'test/vitest.config.ts',
    '--project',
    project,
    ...reporters,
    ...filters,
  ]);
  try {
    const found = Summary.parse(JSON.parse(readFileSync(report, 'utf8')));
    const failed =
      found.numFailedTests === 0 && !holds ? Math.max(1, found.numFailedTestSuites) : found.numFailedTests;
    return { passed: found.numPassedTests, failed, skipped: found.numPendingTests };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const filters = process.argv.slice(2);
const stages: readonly (() => Count)[] = [
  () => check('format and lint', bin('biome'), ['check', '.']),
  () => check('types', bin('tsc'), ['--noEmit']),
  () => check('generated files are current', process.execPath, ['schemas/generate.ts', '--check']),
  () => suite('fast', filters),
  () => suite('real', filters),
];
const counts = stages.map((stage) => stage());
const sum = (pick: (count: Count) => number): number =>
  counts.reduce((total, count) => total + pick(count), 0);
const [passed, failed, skipped] = [sum((c) => c.passed), sum((c) => c.failed), sum((c) => c.skipped)];
process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exitCode = failed === 0 ? 0 : 1;
