/** Wiring of the commands that check: doctor, health, seal, verify, replay, reconcile. */
import type { Command } from 'commander';
import type { ServiceName } from '../../topology/topics.ts';
import { positiveNumber, wholeNumber } from './option-numbers.ts';
import * as parse from './options.ts';
import { addCommand, type Start } from './program-command.ts';

interface TaskWords {
  readonly service?: ServiceName;
  readonly partition?: number;
}

interface HeadWords {
  readonly head?: string;
  readonly publicKey?: string;
}

export function addAuditCommands(program: Command, start: Start): void {
  addDoctor(program, start);
  addHealth(program, start);
  addSeal(program, start);
  const verify = withTask(
    addCommand(program, 'verify', {
      description:
        'check every chain of steps, the outputs on the log, and every record against sealed heads',
      example: 'ledger verify --head auditor/head-000012.json --public-key auditor/public-key.pem',
    }),
  )
    .option('--head <file>', 'the head to hold the log against; the newest one made here when left out')
    .option('--public-key <file>', 'who must have signed it; the key beside the heads when left out');
  verify.action((words: TaskWords & HeadWords) =>
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

function addSeal(program: Command, start: Start): void {
  const seal = addCommand(program, 'seal', {
    description: 'sign what the log holds now, so that `verify` finds whatever is changed later',
    example: 'ledger seal --out auditor/head.json',
  }).option('--out <file>', 'a copy of the head, to be kept where nobody of this system can write');
  seal.action((words: { out?: string }) =>
    start(seal, async (context) => {
      const { seal: run } = await import('./commands/seal.ts');
      return run(context, words);
    }),
  );
}

function addHealth(program: Command, start: Start): void {
  const health = addCommand(program, 'health', {
    description: 'what was lost on the way here, by source; how long uses took; how many batches failed',
    example: 'ledger health --since 2026-11-01 --json',
  })
    .option('--since <day>', 'only sources that sent something since, UTC, YYYY-MM-DD', parse.day)
    .option('--gaps <n>', 'gaps listed for each source', positiveNumber, 5)
    .option('--wait <seconds>', 'how long to wait for services that are behind', wholeNumber, 30);
  health.action((words: { since?: string; gaps: number; wait: number }) =>
    start(health, async (context) => {
      const { health: run } = await import('./commands/health.ts');
      const { since, gaps, wait } = words;
      const sinceDay = since === undefined ? {} : { sinceDay: since };
      return run(context, { ...sinceDay, gapsMax: gaps, waitMs: wait * 1_000 });
    }),
  );
}

function withTask(command: Command): Command {
  return command
    .option('--service <name>', 'only this service', parse.service)
    .option('--partition <n>', 'only this partition', wholeNumber);
}
