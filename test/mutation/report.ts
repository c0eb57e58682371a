/**
 * The results as a table: on the terminal, and as the README of this folder.
 *
 * Boundary: text only.
 */
import type { Outcome, Result } from './check.ts';

const HEADS = ['mutant', 'requirement', 'caught by', 'test', 's'] as const;

export function isCaught({ outcome }: Pick<Result, 'outcome'>): boolean {
  return outcome === 'caught' || outcome === 'caught elsewhere';
}

/** An aligned Markdown table, in the order of the results. */
export function tableOf(results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.mutant.name,
    result.mutant.requirement,
    result.by?.file ?? result.outcome,
    cell(result.by?.test ?? result.message ?? ''),
    result.seconds.toFixed(0),
  ]);
  const widths = HEADS.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [line(HEADS), rule, ...rows.map(line)].join('\n');
}

export function totalsOf(results: readonly Result[]): string {
  const count = (outcome: Outcome): number => results.filter((result) => result.outcome === outcome).length;
  const others = (['caught elsewhere', 'survived', 'does not apply', 'no program'] as const)
    .map((outcome) => ({ outcome, number: count(outcome) }))
    .filter(({ number }) => number > 0)
    .map(({ outcome, number }) => `, ${number} ${outcome}`);
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0).toFixed(0);
  return `${results.length} ${results.length === 1 ? 'mutant' : 'mutants'}: ${count('caught')} caught${others.join('')} (${seconds} s)`;
}

export function readmeOf(results: readonly Result[]): string {
  return `# Mutation check

Bugs are put into a copy of the source, one at a time, and the tests must notice each (R22). The bugs are those that hurt
a ledger: each is a small slip that a real engineer could make, with the reason beside it in \`mutants/\`.

\`\`\`
node_modules/.bin/node test/mutation/main.ts [NAME...] [--json] [--real] [--write]
\`\`\`

A mutant is first shown to the test files that should catch it, and then, if they do not, to the whole fast project. The
exit code is 1 when one survives or no longer applies. A survivor is a hole in the suite: write the missing test.
\`mutants.test.ts\` holds the list in step with the source. \`--write\` writes this file.

${totalsOf(results)}

${tableOf(results)}
`;
}

function cell(text: string): string {
  return text
    .replace(/[\s|]+/g, ' ')
    .trim()
    .slice(0, 100);
}
