/**
 * `node_modules/.bin/node test/mutation/main.ts [NAME...] [--json] [--real] [--write]`: the mutation check (R22).
 *
 * Progress goes to standard error, the table or the JSON to standard output. Exit code 1 when a mutant survives, does
 * not apply, or is no program, and when the suites do not pass without one.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { Checker, type Result } from './check.ts';
import { type Mutant, needsReal } from './mutant.ts';
import { MUTANTS } from './mutants.ts';
import { isCaught, readmeOf, tableOf, totalsOf } from './report.ts';
import { Scratch } from './scratch.ts';

interface Options {
  readonly json?: boolean;
  readonly real?: boolean;
  readonly write?: boolean;
}

const root = join(import.meta.dirname, '..', '..');
const command = new Command('test/mutation/main.ts')
  .argument('[names...]', 'names of mutants; all when none is given')
  .option('--json', 'one JSON object on standard output')
  .option('--real', 'those too that only a real broker or ClickHouse can show')
  .option('--write', 'write the table to test/mutation/README.md');

function chosen(names: readonly string[], isReal: boolean): readonly Mutant[] {
  const unknown = names.filter((name) => !MUTANTS.some((mutant) => mutant.name === name));
  if (unknown.length > 0) command.error(`no such mutant: ${unknown.join(', ')}`);
  return MUTANTS.filter(
    (mutant) => (names.length === 0 || names.includes(mutant.name)) && (isReal || !needsReal(mutant)),
  );
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function checkAll(checker: Checker, mutants: readonly Mutant[]): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const [index, mutant] of mutants.entries()) {
    const result = await checker.check(mutant);
    results.push(result);
    const by = result.by === null ? '' : ` by ${result.by.file}: ${result.by.test}`;
    tell(`${index + 1}/${mutants.length} ${mutant.name}: ${result.outcome}${by}`);
    if (result.message !== null) tell(`    ${result.message}`);
  }
  return results;
}

async function main(names: readonly string[], options: Options): Promise<number> {
  if (options.write === true && names.length > 0) command.error('--write needs all mutants, not some');
  const mutants = chosen(names, options.real === true);
  if (mutants.length === 0) command.error('no mutant to check; some need --real');
  const scratch = new Scratch(root);
  process.once('exit', () => scratch.remove());
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  tell(`checking ${mutants.length} of ${MUTANTS.length} mutants in ${scratch.root}`);
  const checker = new Checker(scratch);
  const verdict = await checker.baseline(mutants);
  if (verdict.kind !== 'passed') {
    tell(`the suites do not pass as the source is, so nothing can be checked: ${JSON.stringify(verdict)}`);
    return 1;
  }
  tell(`${verdict.tests} tests pass without a mutant`);
  const results = await checkAll(checker, mutants);
  if (options.write === true) writeFileSync(join(root, 'test', 'mutation', 'README.md'), readmeOf(results));
  if (options.json === true) process.stdout.write(`${JSON.stringify({ results })}\n`);
  else process.stdout.write(`${tableOf(results)}\n\n${totalsOf(results)}\n`);
  return results.every(isCaught) ? 0 : 1;
}

command.parse();
process.exitCode = await main(command.args, command.opts<Options>());
