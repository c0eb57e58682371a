/**
 * `ledger apply`: topics, schemas and tables as this version needs them, with the difference shown first.
 *
 * Nothing is ever destroyed: what would need that is refused, and then nothing at all is changed. So no confirmation
 * is asked for; `--dry-run` only shows.
 */
import type { AnyProcessor } from '../../../topology/processor.ts';
import { subjectsOf } from '../../../topology/subjects.ts';
import { type ApplyTarget, apply, planApply } from '../../apply/apply.ts';
import type { PlannedChange } from '../../apply/change.ts';
import type { Context } from '../context.ts';
import { counted, table } from '../output.ts';
import { EXIT, type Report } from '../report.ts';

export interface ApplyOptions {
  readonly dryRun: boolean;
  readonly partitions: number;
  readonly replicationFactor: number;
}

interface Change extends Omit<PlannedChange, 'kind'> {
  readonly kind: PlannedChange['kind'] | 'table' | 'view';
}

export async function applyAll(
  context: Pick<Context, 'log' | 'registryUrl' | 'analytics'>,
  options: ApplyOptions,
  processors: readonly AnyProcessor[],
): Promise<Report> {
  const { partitions, replicationFactor } = options;
  const log = await context.log();
  const target: ApplyTarget = {
    admin: log.admin,
    registryUrl: context.registryUrl(),
    topics: { partitions, replicationFactor },
    subjects: subjectsOf(processors),
  };
  const planned = await planApply(target);
  const tables = (await context.analytics().planSchema()).map(tableChange);
  const changes: readonly Change[] = [...planned, ...tables];
  const isRefused = changes.some(({ action }) => action === 'refuse');
  const applied = !options.dryRun && !isRefused;
  if (applied) {
    await apply(target);
    await context.analytics().applySchema();
  }
  const changed = changes.filter(({ action }) => action !== 'keep');
  const data = { applied, kept: changes.length - changed.length, changes: changed };
  return { data, exitCode: isRefused ? EXIT.failed : EXIT.ok, render: () => render(data) };
}

function tableChange({ kind, name }: { readonly kind: 'table' | 'view'; readonly name: string }): Change {
  return { kind, name, action: 'create', detail: kind === 'view' ? 'its text is new' : 'new' };
}

const SIGNS = { create: '+', alter: '~', keep: ' ', refuse: '!' } as const;

function render(data: {
  readonly applied: boolean;
  readonly kept: number;
  readonly changes: readonly Change[];
}): string {
  const { changes, kept, applied } = data;
  const rows = changes.map(({ kind, name, action, detail }) => [SIGNS[action], kind, name, detail]);
  const listed =
    rows.length === 0
      ? []
      : [table([{ head: '' }, { head: 'kind' }, { head: 'name' }, { head: 'change' }], rows), ''];
  const refused = changes.filter(({ action }) => action === 'refuse').length;
  return [
    ...listed,
    verdict({ applied, refused, changes: changes.length }),
    `${counted(kept, 'line')} as wanted.`,
  ].join('\n');
}

function verdict(counts: {
  readonly applied: boolean;
  readonly refused: number;
  readonly changes: number;
}): string {
  if (counts.refused > 0) return `${counted(counts.refused, 'line')} refused (!); nothing was changed.`;
  if (counts.changes === 0) return 'Nothing to change.';
  return counts.applied
    ? `${counted(counts.changes, 'change')} applied; nothing was destroyed.`
    : `${counted(counts.changes, 'change')} would be applied; nothing would be destroyed.`;
}
