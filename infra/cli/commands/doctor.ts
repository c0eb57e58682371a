/**
 * `ledger doctor`: is everything there, does everything answer, is anybody behind; each line with its way out.
 *
 * Warnings leave the exit code at 0; a failure makes it 1.
 */
import type { AnyProcessor } from '../../../topology/processor.ts';
import type { Context } from '../context.ts';
import type { Finding } from '../doctor/finding.ts';
import { checkMachine, type MachineFacts } from '../doctor/machine.ts';
import { checkParts } from '../doctor/parts.ts';
import { table } from '../output.ts';
import { EXIT, type Report } from '../report.ts';

export interface DoctorOptions {
  readonly machine: MachineFacts;
  readonly processors: readonly AnyProcessor[];
}

type DoctorContext = Pick<Context, 'log' | 'source' | 'registryUrl' | 'analytics' | 'settings'>;

export async function doctor(
  context: DoctorContext,
  { machine, processors }: DoctorOptions,
): Promise<Report> {
  const { stackRuns, stateDir } = context.settings;
  const stack: Finding = stackRuns
    ? { subject: 'stack', state: 'ok', detail: `runs in ${stateDir}`, wayOut: null }
    : {
        subject: 'stack',
        state: 'warn',
        detail: `none runs in ${stateDir}`,
        wayOut: 'Start it with `npm start`, or set the addresses of your own servers.',
      };
  const parts = await checkParts(context, processors);
  const findings = [...(await checkMachine(machine)), stack, ...parts.findings];
  const ok = findings.every(({ state }) => state !== 'fail');
  return {
    data: { ok, findings, lags: parts.lags },
    exitCode: ok ? EXIT.ok : EXIT.failed,
    render: () => render(findings),
  };
}

function render(findings: readonly Finding[]): string {
  const rows = findings.map(({ state, subject, detail }) => [state, subject, detail]);
  const wayOuts = findings.flatMap(({ subject, wayOut }) =>
    wayOut === null ? [] : [`${subject}: ${wayOut}`],
  );
  const shown = table([{ head: '' }, { head: 'what' }, { head: 'found' }], rows);
  return wayOuts.length === 0
    ? shown
    : [shown, '', 'Ways out', ...wayOuts.map((each) => `  ${each}`)].join('\n');
}
