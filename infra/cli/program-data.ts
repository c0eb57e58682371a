/** Wiring of the commands that bring data in: send, import, prices. */
import { type Command, Option } from 'commander';
import type { Instant } from '../../schemas/instant.ts';
import { positiveNumber, wholeNumber } from './option-numbers.ts';
import * as parse from './options.ts';
import { addCommand, type Start } from './program-command.ts';
import type { SentType } from './send/record-types.ts';

const TYPES: readonly SentType[] = [
  'usage',
  'claim',
  'verification',
  'payment',
  'account',
  'contract',
  'price-book',
  'outcome-definition',
];

export function addDataCommands(program: Command, start: Start): void {
  addSend(program, start);
  addImport(program, start);
  addPrices(program, start);
}

function addSend(program: Command, start: Start): void {
  const send = addCommand(program, 'send <file>', {
    description:
      'send records from JSON or JSON Lines (also .gz, or - for standard input), with a verdict for each line',
    example: 'ledger send uses.jsonl --type usage',
  }).addOption(new Option('--type <type>', 'what the records are').choices(TYPES).makeOptionMandatory());
  send.action((file: string, words: { type: SentType }) =>
    start(send, async (context) => {
      const [{ send: run }, { readRecordFile }] = await Promise.all([
        import('./commands/send.ts'),
        import('./send/record-file.ts'),
      ]);
      return run(context, { type: words.type, records: readRecordFile(file, process.stdin) });
    }),
  );
}

interface TraceWords {
  readonly accounts: number;
  readonly seed: number;
  readonly rate?: number;
  readonly model: readonly string[];
  readonly endsAt?: Instant;
}

function addImport(program: Command, start: Start): void {
  const parent = program.command('import').description('bring in what other systems recorded');
  const trace = addCommand(parent, 'trace <file>', {
    description: 'send the requests of an Azure (CSV) or Mooncake (JSON Lines) trace as uses',
    example: 'ledger import trace AzureLLMInferenceTrace_conv.csv --accounts 50 --seed 7 --rate 500',
  })
    .option('--accounts <n>', 'spread over this many accounts', positiveNumber, 100)
    .option('--seed <n>', 'another seed sends other requests', wholeNumber, 1)
    .option('--rate <n>', 'uses a second; as fast as possible when left out', positiveNumber)
    .option('--model <provider/model...>', 'the models that answered', ['openai/gpt-4.1'])
    .option('--ends-at <time>', 'when the last request arrived; now when left out', parse.instant);
  trace.action((file: string, words: TraceWords) =>
    start(trace, async (context) => {
      const [{ importTrace }, { usagesOfTrace }, { traceAccounts, traceModel, traceName }] =
        await Promise.all([
          import('./commands/import-trace.ts'),
          import('../importers/trace-usage.ts'),
          import('./trace-options.ts'),
        ]);
      const uses = usagesOfTrace(file, {
        name: traceName(file),
        seed: words.seed,
        models: words.model.map(traceModel),
        accounts: await traceAccounts(await context.source(), words.accounts),
        endsAt: words.endsAt ?? context.now(),
      });
      return importTrace(context, { uses, rate: words.rate ?? null });
    }),
  );
}

interface PriceWords {
  readonly book: string;
  readonly version?: number;
  readonly purpose: 'cost' | 'customer';
  readonly currency: string;
  readonly effectiveAt?: Instant;
  readonly dryRun: boolean;
  readonly list: boolean;
}

function addPrices(program: Command, start: Start): void {
  const parent = program.command('prices').description('price books: import, versions');
  const bring = addCommand(parent, 'import <file>', {
    description: 'publish a LiteLLM price map (.json or .json.gz) as the next version of a price book',
    example: 'ledger prices import model_prices.json.gz --book list --purpose cost --dry-run',
  })
    .option('--book <id>', 'price book', 'litellm')
    .option('--version <n>', 'version; the next one when left out', positiveNumber)
    .addOption(
      new Option('--purpose <purpose>', 'whose prices').choices(['cost', 'customer']).default('cost'),
    )
    .option('--currency <code>', 'ISO 4217', parse.currency, 'USD')
    .option('--effective-at <time>', 'when it takes force; now when left out', parse.instant)
    .option('--dry-run', 'publish nothing', false)
    .option('--list', 'name everything that changed or could not be expressed', false);
  bring.action((file: string, words: PriceWords) =>
    start(bring, async (context) => {
      const [{ importPrices }, { readJsonFile }] = await Promise.all([
        import('./commands/prices.ts'),
        import('./send/record-file.ts'),
      ]);
      const { version = null, effectiveAt = null, ...rest } = words;
      return importPrices(context, { ...rest, version, effectiveAt, map: await readJsonFile(file) });
    }),
  );
  const list = addCommand(parent, 'list [book]', {
    description: 'the versions of a price book, or of all',
    example: 'ledger prices list',
  });
  list.action((book: string | undefined) =>
    start(list, async (context) => {
      const { listPrices } = await import('./commands/prices.ts');
      return listPrices(context, book ?? null);
    }),
  );
}
