/**
 * The commands, their options and their examples.
 *
 * Boundary: turns words into values and hands them to the pure function of a command, which is loaded only then.
 * Nothing here talks to a server.
 */
import { Command, Option } from 'commander';
import type { AccountId } from '../../schemas/ids.ts';
import type { Context } from './context.ts';
import { positiveNumber } from './option-numbers.ts';
import * as parse from './options.ts';
import { addAuditCommands } from './program-audit.ts';
import { addCommand, type Start } from './program-command.ts';
import { addDataCommands } from './program-data.ts';
import type { Report } from './report.ts';
import { BY_WORDS, type UsageWords, usageQuestion } from './usage-words.ts';

const DESCRIPTION = 'Operate, question and check the Outcome Ledger.';
const AFTER = `
Addresses come from KAFKA_BROKERS, SCHEMA_REGISTRY_URL, CLICKHOUSE_URL, CLICKHOUSE_USER, CLICKHOUSE_PASSWORD,
GATEWAY_URL and GATEWAY_API_KEY; what is unset is taken from the stack that runs in LEDGER_STATE_DIR (.ledger).
LEDGER_SIGNING_KEY names the file of the key that signs heads.

Exit codes: 0 well, 1 a check failed or data was refused, 2 wrong usage, 3 a part cannot be reached, 4 a defect,
130 interrupted.`;

export function buildProgram(start: Start): Command {
  const program = new Command('ledger')
    .description(DESCRIPTION)
    .helpCommand(false)
    .addHelpText('after', AFTER)
    .exitOverride();
  addOperations(program, start);
  addDataCommands(program, start);
  addQuestions(program, start);
  addAuditCommands(program, start);
  return program;
}

function addOperations(program: Command, start: Start): void {
  const apply = addCommand(program, 'apply', {
    description: 'create or change topics, schemas and tables; nothing is ever destroyed',
    example: 'ledger apply --dry-run',
  })
    .option('--dry-run', 'only show the difference', false)
    .option('--yes', 'accepted for scripts; nothing destructive exists to confirm')
    .option('--partitions <n>', 'partitions of new topics', positiveNumber, 4)
    .option('--replication-factor <n>', 'replicas of new topics', positiveNumber, 1);
  apply.action((options: { dryRun: boolean; partitions: number; replicationFactor: number }) =>
    start(apply, async (context) => {
      const [{ applyAll }, { PROCESSORS }] = await Promise.all([
        import('./commands/apply.ts'),
        import('../processors.ts'),
      ]);
      return applyAll(context, options, PROCESSORS);
    }),
  );
  const close = addCommand(program, 'close', {
    description:
      'let the clock pass the end of a month (YYYY-MM) for every account and wait for its invoices',
    example: 'ledger close 2026-10',
  })
    .argument('<month>', 'YYYY-MM', parse.month)
    .option('--force', 'also when the month is not over yet', false)
    .option('--timeout <seconds>', 'how long to wait for the invoices', positiveNumber, 60);
  close.action((month: string, options: { force: boolean; timeout: number }) =>
    start(close, async (context) => {
      const { close: run } = await import('./commands/close.ts');
      return run(context, {
        month: parse.month(month),
        force: options.force,
        timeoutMs: options.timeout * 1_000,
      });
    }),
  );
}

function addQuestions(program: Command, start: Start): void {
  const questions = {
    spend: {
      description: 'what uses cost, by any of their dimensions',
      example: 'ledger spend --by day --account acme',
    },
    latency: {
      description: 'p50, p95 and p99, error rate and cache-hit rate, by any dimension',
      example: 'ledger latency --by model --from 2026-10-01 --to 2026-11-01',
    },
  };
  for (const [name, about] of Object.entries(questions)) {
    const command = withUsageOptions(addCommand(program, name, about));
    command.action((words: UsageWords) =>
      start(command, async (context: Context): Promise<Report> => {
        const { latency, spend } = await import('./commands/spend.ts');
        return (name === 'spend' ? spend : latency)(context, usageQuestion(words));
      }),
    );
  }
  const balance = addCommand(program, 'balance', {
    description: 'what each account has left',
    example: 'ledger balance acme',
  }).argument('[account]', 'billing account id; all when left out', parse.account);
  balance.action((accountId: AccountId | undefined) =>
    start(balance, async (context) => {
      const { balance: run } = await import('./commands/balance.ts');
      return run(context, accountId === undefined ? {} : { accountId });
    }),
  );
  const explain = addCommand(program, 'explain <id>', {
    description:
      'why an amount is what it is: a request, charge, claim, payment, journal entry or invoice number',
    example: 'ledger explain BILL-acme-202610 --limit 5',
  })
    .option('--account <id>', 'where several accounts have the same id', parse.account)
    .option('--limit <n>', 'charges shown for each invoice line, largest first', positiveNumber, 10);
  explain.action((id: string, options: { account?: AccountId; limit: number }) =>
    start(explain, async (context) => {
      const { explain: run } = await import('./commands/explain.ts');
      const { account, limit } = options;
      return run(context, { id, limit, ...(account === undefined ? {} : { accountId: account }) });
    }),
  );
}

function withUsageOptions(command: Command): Command {
  return command
    .addOption(new Option('--by <dimensions>', `one or more of ${BY_WORDS.join(', ')}`).default('day'))
    .option('--from <day>', 'first day, UTC, YYYY-MM-DD', parse.day)
    .option('--to <day>', 'first day not included', parse.day)
    .option('--account <ids...>', 'only these accounts')
    .option('--provider <names...>', 'only these providers')
    .option('--model <names...>', 'only these models')
    .option('--api-key <ids...>', 'only these API keys')
    .option('--status <values...>', 'only success, or only error')
    .option('--project <ids...>', 'only these projects')
    .option('--cost-centre <names...>', 'only these cost centres')
    .option('--use-case <names...>', 'only these use cases')
    .option('--limit <n>', 'at most this many rows', positiveNumber, 1_000);
}
