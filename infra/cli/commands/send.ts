/**
 * `ledger send`: records from a file into the system, with a verdict for each line.
 *
 * Invariants:
 *  1. A record that is not acceptable does not hold up the others.
 *  2. Accepted lines are counted; of the others at most `LISTED_MAX` are kept, whatever the length of the file.
 */
import { Publisher } from '../../../topology/publisher.ts';
import { subjectsOfTopics } from '../../../topology/subjects.ts';
import type { Context } from '../context.ts';
import { counted, table } from '../output.ts';
import { EXIT, type Report } from '../report.ts';
import type { FileRecord } from '../send/record-file.ts';
import { endpointOf, SENT_TYPES, type SentType } from '../send/record-types.ts';
import { BATCH_RECORDS, gatewaySender, logSender, type Problem, type Sender } from '../send/sender.ts';

export interface SendOptions {
  readonly type: SentType;
  readonly records: AsyncIterable<FileRecord>;
}

type SendContext = Pick<Context, 'settings' | 'log' | 'directory' | 'now' | 'progress'>;

interface RejectedLine {
  readonly line: number;
  readonly problems: readonly Problem[];
}

const LISTED_MAX = 1_000;

export async function send(context: SendContext, { type, records }: SendOptions): Promise<Report> {
  const endpoint = endpointOf(type);
  const { gateway } = context.settings;
  if (gateway !== null) return sendAll(context, gatewaySender(endpoint, gateway), { type, records });
  const publisher = await openPublisher(context, type);
  try {
    return await sendAll(context, logSender(endpoint, publisher, context.now), { type, records });
  } finally {
    await publisher.close();
  }
}

async function openPublisher(context: SendContext, type: SentType): Promise<Publisher> {
  return Publisher.open({
    log: await context.log(),
    directory: await context.directory(subjectsOfTopics([SENT_TYPES[type]])),
    source: '/outcome-ledger/cli',
    transactionalId: 'ledger-cli',
    transactor: 'per_call',
  });
}

async function sendAll(
  context: SendContext,
  sender: Sender,
  { type, records }: SendOptions,
): Promise<Report> {
  const tally = { accepted: 0, rejected: 0 };
  const listed: RejectedLine[] = [];
  const task = context.progress.start(`sending to ${sender.way}`, null);
  const reject = (line: RejectedLine): void => {
    tally.rejected += 1;
    if (listed.length < LISTED_MAX) listed.push(line);
  };
  for await (const batch of batchesOf(records, reject)) {
    const verdicts = await sender.send(batch.map(({ input }) => input));
    for (const [index, { line }] of batch.entries()) {
      const problems = verdicts[index] ?? [];
      if (problems.length === 0) tally.accepted += 1;
      else reject({ line, problems });
    }
    task.add(batch.length);
  }
  task.end();
  listed.sort((a, b) => a.line - b.line);
  const data = { type, way: sender.way, ...tally, lines: listed };
  return { data, exitCode: tally.rejected === 0 ? EXIT.ok : EXIT.failed, render: () => render(data) };
}

/** Lines that are no JSON never reach a batch. */
async function* batchesOf(
  records: AsyncIterable<FileRecord>,
  reject: (line: RejectedLine) => void,
): AsyncGenerator<readonly FileRecord[]> {
  let batch: FileRecord[] = [];
  for await (const record of records) {
    if (record.problem !== null) {
      const wayOut = 'Write one JSON object on each line.';
      reject({
        line: record.line,
        problems: [{ code: 'json_malformed', field: '', message: record.problem, wayOut }],
      });
      continue;
    }
    batch.push(record);
    if (batch.length < BATCH_RECORDS) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

interface Data {
  readonly type: string;
  readonly way: string;
  readonly accepted: number;
  readonly rejected: number;
  readonly lines: readonly RejectedLine[];
}

function render({ type, way, accepted, rejected, lines }: Data): string {
  const head = `${counted(accepted, `${type} record`)} accepted by ${way}, ${rejected} rejected.`;
  if (rejected === 0) return head;
  const columns = [
    { head: 'line', align: 'right' },
    { head: 'code' },
    { head: 'field' },
    { head: 'what is wrong' },
    { head: 'way out' },
  ] as const;
  const rows = lines.flatMap(({ line, problems }) =>
    problems.map(({ code, field, message, wayOut }) => [String(line), code, field, message, wayOut]),
  );
  const more =
    rejected > lines.length ? ['', `${counted(rejected - lines.length, 'more line')} rejected.`] : [];
  return [table(columns, rows), ...more, '', head].join('\n');
}
