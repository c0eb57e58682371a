/** Wiring of the commands that check: doctor, verify, replay, reconcile. */
import type { Command } from 'commander';
import type { ServiceName } from '../../topology/topics.ts';
import { wholeNumber } from './option-numbers.ts';
import * as parse from './options.ts';
import { addCommand, type Start } from './program-command.ts';

interface TaskWords {
  readonly service?: ServiceName;
  readonly partition?: number;
}

export function addAuditCommands(program: Command, start: Start): void {
  addDoctor(program, start);
  const verify = withTask(
    addCommand(program, 'verify', {
      description: 'check every chain of steps, and the outputs on the log against their digests',
      example: 'ledger verify --service rating',
    }),
  );
  verify.action((words: TaskWords) =>
    start(verify, async (context) => {
      const { verify: run } = await import('./commands/verify.ts');
      return run(context, words);
    }),
  );
  const replay = withTask(
    addCommand(program, 'replay', {
      description: 'derive every output again from offset 0 and compare the digests',
      example: 'ledger replay --service credit-balances --partition 0',
    }),
  );
  replay.action((words: TaskWords) =>
    start(replay, async (context) => {
      const [{ replay: run }, { PROCESSORS }] = await Promise.all([
        import('./commands/replay.ts'),
        import('../processors.ts'),
      ]);
      return run(context, words, PROCESSORS);
    }),
  );
  const reconcile = addCommand(program, 'reconcile', {
    description: 'usage = cost events = charges = journal = invoices = ClickHouse, each difference by name',
    example: 'ledger reconcile --json',
  })
    .option('--wait <seconds>', 'how long to wait for services that are behind', wholeNumber, 30)
    .option('--log-only', 'leave ClickHouse out', false);
  reconcile.action((words: { wait: number; logOnly: boolean }) =>
    start(reconcile, async (context) => {
      const { reconcile: run } = await import('./commands/reconcile.ts');
      return run(context, { waitMs: words.wait * 1_000, logOnly: words.logOnly });
    }),
  );
}

function addDoctor(program: Command, start: Start): void {
  const doctor = addCommand(program, 'doctor', {
    description: 'is everything there, does everything answer, is anybody behind',
    example: 'ledger doctor',
  });
  doctor.action(() =>
    start(doctor, async (context) => {
      const [{ doctor: run }, { machineFacts }, { PROCESSORS }] = await Promise.all([
        import('./commands/doctor.ts'),
        import('./doctor/machine-facts.ts'),
        import('../processors.ts'),
      ]);
      return run(context, { machine: machineFacts(context.settings), processors: PROCESSORS });
    }),
  );
}

function withTask(command: Command): Command {
  return command
    .option('--service <name>', 'only this service', parse.service)
    .option('--partition <n>', 'only this partition', wholeNumber);
}
