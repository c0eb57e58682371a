/**
 * One seed: the same input twice, each time with another scheduling and other faults, the second time perhaps in another
 * order within its stages; both audited, both replayed, and compared.
 */
import { Counts } from '../../infra/proof/sums.ts';
import type { Log } from '../../topology/log.ts';
import type { MemoryLog } from '../../topology/log-memory.ts';
import { audit } from './audit/audit.ts';
import type { Outputs } from './audit/outputs.ts';
import { checkState } from './check-state.ts';
import type { SimulationOptions } from './options.ts';
import { type Plan, planOf } from './plan.ts';
import { type Run, run } from './run.ts';

export interface Report {
  readonly options: SimulationOptions;
  /** Each begins with the name of the invariant. */
  readonly violations: readonly string[];
  /** Records on usage-events and records sent in all, over both runs. */
  readonly uses: number;
  readonly records: number;
  readonly faults: Counts;
  readonly fenced: number;
}

export type Breakage = (log: MemoryLog) => Log;

export async function simulate(options: SimulationOptions, breakage?: Breakage): Promise<Report> {
  const plan = planOf(options);
  const violations: string[] = [];
  const faults = new Counts();
  const runs: { readonly run: Run; readonly outputs: Outputs }[] = [];
  for (const stream of [2, 3]) {
    const audited = await auditedRun(plan, { stream, breakage, violations });
    if (audited === null) continue;
    runs.push(audited);
    for (const [name, count] of audited.run.faults.entries()) faults.add(name, count);
  }
  const [first, second] = runs;
  if (plan.isPaced && first !== undefined && second !== undefined) {
    compare(summaryOf(first.outputs), summaryOf(second.outputs), violations);
  }
  const sent = runs.flatMap((each) => each.run.sent);
  return {
    options,
    violations,
    uses: sent.filter(({ topic }) => topic === 'usage-events').length,
    records: sent.length,
    faults,
    fenced: runs.reduce((sum, each) => sum + each.run.fenced, 0),
  };
}

async function auditedRun(
  plan: Plan,
  how: { readonly stream: number; readonly breakage: Breakage | undefined; readonly violations: string[] },
): Promise<{ readonly run: Run; readonly outputs: Outputs } | null> {
  const { stream, breakage, violations } = how;
  try {
    const done = await run(plan, {
      stream,
      faults: plan.options,
      isShuffled: stream === 3 && plan.options.seed % 2 === 0,
      ...(breakage === undefined ? {} : { breakage }),
    });
    violations.push(...done.violations);
    for (const id of done.foreignIds) await done.directory.load(id);
    const audited = await audit(done, done.sent, plan.isPaced);
    violations.push(...audited.violations);
    await checkState(done, (invariant, message) => void violations.push(`${invariant} ${message}`));
    return { run: done, outputs: audited.outputs };
  } catch (error) {
    violations.push(`error ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

/** What may not depend on the order of arrival, as texts by name. */
function summaryOf({ charges, balances, invoices }: Outputs): ReadonlyMap<string, string> {
  const sums = new Map<string, bigint>();
  for (const { accountId, currency, lineClass, amount } of charges) {
    const name = `charges ${accountId} ${currency} ${lineClass}`;
    sums.set(name, (sums.get(name) ?? 0n) + amount);
  }
  // Nothing owed is no difference: whether a use was in suspense first is chance.
  const owed = [...sums].filter(([, units]) => units !== 0n);
  const summary = new Map(owed.map(([name, units]) => [name, String(units)]));
  for (const [account, { available, overdraft, entries }] of balances) {
    summary.set(`balance ${account}`, `${available}/${overdraft}`);
    summary.set(`entries ${account}`, String(entries));
  }
  for (const { invoiceId, status, total, exactTotal } of invoices) {
    summary.set(`invoice ${invoiceId}`, `${status} ${exactTotal} ${total}`);
  }
  return summary;
}

function compare(
  first: ReadonlyMap<string, string>,
  second: ReadonlyMap<string, string>,
  violations: string[],
): void {
  for (const name of new Set([...first.keys(), ...second.keys()])) {
    const [one, other] = [first.get(name) ?? 'absent', second.get(name) ?? 'absent'];
    if (one !== other) violations.push(`R7 ${name}: ${one} in one run, ${other} in another`);
  }
}
