/**
 * The embedded ClickHouse engine: one data folder, a fresh connection for every statement.
 *
 * Boundary: runs what it is given under the settings it is given; who may ask what is decided before.
 *
 * 1. No connection is used twice. Settings and bound parameters therefore never leak from one request to the next,
 *    nor does what a failed query had already written, which a used connection gives out with its next answer.
 * 2. Statements that write run one after the other; statements that read run beside them, up to a limit.
 * 3. A reader's connection is locked by the engine itself (readonly = 1) before the statement is run.
 */
import { isUtf8 } from 'node:buffer';
import { drainPending, Session } from 'chdb';
import { ChdbNodeEngine, QueryClass } from 'chdb/durable/node';
import { FAILURES } from './exception.ts';
import { Gate } from './gate.ts';
import { parseInsertHead } from './statement.ts';

export interface Run {
  readonly statement: Buffer;
  readonly format: string;
  readonly database: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly parameters: ReadonlyMap<string, string>;
  /** Statements that write wait for each other. */
  readonly access: 'read' | 'write';
  /** What the engine's own lock forbids: nothing, everything but reading, or all of that but a query's own settings. */
  readonly lock: 'none' | 'readOnly' | 'readOnlyWithSettings';
}

export interface RunResult {
  readonly bytes: Uint8Array;
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly rowsWritten: number;
  readonly bytesWritten: number;
  readonly elapsedSeconds: number;
}

export interface Analysis {
  readonly statementCount: number;
  /** Leaves no trace: SELECT, SHOW, DESCRIBE, EXISTS, EXPLAIN. */
  readonly isRead: boolean;
  /** The engine could parse it. */
  readonly isKnown: boolean;
}

export interface EngineFacts {
  readonly version: string;
  readonly timezone: string;
  readonly settingNames: ReadonlySet<string>;
  readonly tableFunctions: ReadonlySet<string>;
}

const lockLevels = { none: 0, readOnly: 1, readOnlyWithSettings: 2 } as const;
const concurrentReadsMax = 3;
const waitingMax = 200;
const insertHeadBytesMax = 64 * 1024;
const queryBytesMax = 1024 * 1024;

type TextFormat =
  | 'JSONEachRow'
  | 'JSONCompactEachRow'
  | 'CSV'
  | 'CSVWithNames'
  | 'TabSeparated'
  | 'TabSeparatedWithNames';

const textFormats: ReadonlyMap<string, TextFormat> = new Map<string, TextFormat>([
  ['JSONEachRow', 'JSONEachRow'],
  ['JSONCompactEachRow', 'JSONCompactEachRow'],
  ['CSV', 'CSV'],
  ['CSVWithNames', 'CSVWithNames'],
  ['TSV', 'TabSeparated'],
  ['TabSeparated', 'TabSeparated'],
  ['TSVWithNames', 'TabSeparatedWithNames'],
  ['TabSeparatedWithNames', 'TabSeparatedWithNames'],
]);

export class Engine {
  readonly facts: EngineFacts;
  readonly #dataDir: string;
  /** Held open for the whole life: the engine ends when its last connection closes. */
  readonly #anchor: Session;
  readonly #analyzer = new ChdbNodeEngine();
  readonly #reads = new Gate({ concurrentMax: concurrentReadsMax, waitingMax, refuse: busy });
  readonly #writes = new Gate({ concurrentMax: 1, waitingMax, refuse: busy });

  private constructor(dataDir: string) {
    this.#dataDir = dataDir;
    this.#anchor = new Session(dataDir);
    this.facts = readFacts(this.#anchor);
  }

  static async open(dataDir: string): Promise<Engine> {
    const engine = new Engine(dataDir);
    await engine.#analyzer.start({ dataPath: dataDir, backupsAllowedPath: dataDir });
    return engine;
  }

  /** What the engine's own parser says about a statement, without running it. */
  async analyze(sql: string): Promise<Analysis> {
    const { statementCount, queryClass } = await this.#analyzer.analyze(sql, 'default');
    return {
      statementCount,
      isRead: queryClass === QueryClass.ReadOnly,
      isKnown: queryClass !== QueryClass.Unknown,
    };
  }

  /** The statement written anew by the engine's own parser: no comments, one way of quoting. Throws its syntax errors. */
  async canonical(sql: string): Promise<string> {
    const result = await this.#analyzer.query(`SELECT formatQuerySingleLine(${literal(sql)})`, 'TSVRaw');
    return result.trim();
  }

  run(run: Run): Promise<RunResult> {
    const gate = run.access === 'read' ? this.#reads : this.#writes;
    return gate.pass(async () => {
      const session = new Session(this.#dataDir);
      try {
        session.query(prelude(run));
        return await (run.access === 'write' ? write(session, run) : read(session, run));
      } finally {
        session.close();
      }
    });
  }

  /** Waits for what still runs, then lets go of the data folder. */
  async close(): Promise<void> {
    await drainPending();
    await this.#analyzer.close();
    this.#anchor.close();
  }
}

async function read(session: Session, { statement, format }: Run): Promise<RunResult> {
  return queried(session, asText(statement), format);
}

/** Rows in a text format go to the engine as the bytes they came in; every other statement goes as text. */
async function write(session: Session, { statement, format }: Run): Promise<RunResult> {
  const head = parseInsertHead(statement.toString('latin1', 0, insertHeadBytesMax));
  const textFormat = head === null ? undefined : textFormats.get(head.format);
  if (head === null || textFormat === undefined) return queried(session, asText(statement), format);
  const summary = await session.insert({
    table: head.table,
    ...(head.columns === null ? {} : { columns: head.columns }),
    settings: Object.fromEntries(head.settings),
    values: statement.subarray(head.rowsStart),
    format: textFormat,
  });
  return {
    bytes: new Uint8Array(0),
    rowsRead: 0,
    bytesRead: 0,
    rowsWritten: summary.rowsWritten,
    bytesWritten: summary.bytesWritten,
    elapsedSeconds: summary.elapsed,
  };
}

async function queried(session: Session, sql: string, format: string): Promise<RunResult> {
  const result = await session.queryAsync(sql, { format });
  const { rowsRead, bytesRead, elapsed } = result;
  return {
    bytes: result.bytes(),
    rowsRead,
    bytesRead,
    rowsWritten: 0,
    bytesWritten: 0,
    elapsedSeconds: elapsed,
  };
}

/** Everything a connection must know before the statement, the lock last. */
function prelude({ database, settings, parameters, lock }: Run): string {
  const lines = [`SET max_query_size=${queryBytesMax}`];
  if (database !== '') lines.push(`USE ${identifier(database)}`);
  for (const [name, value] of settings) lines.push(`SET ${identifier(name)}=${literal(value)}`);
  for (const [name, value] of parameters) lines.push(`SET ${identifier(`param_${name}`)}=${literal(value)}`);
  lines.push(`SET readonly=${lockLevels[lock]}`);
  return lines.join('; ');
}

function readFacts(session: Session): EngineFacts {
  const lines = (sql: string): readonly string[] => session.query(sql, 'TSVRaw').trim().split('\n');
  const [version = '', timezone = ''] = lines('SELECT arrayJoin([version(), timezone()])');
  return {
    version,
    timezone,
    settingNames: new Set(lines('SELECT name FROM system.settings')),
    tableFunctions: new Set(lines('SELECT lower(name) FROM system.table_functions')),
  };
}

function asText(statement: Buffer): string {
  if (isUtf8(statement)) return statement.toString('utf8');
  throw FAILURES.notImplemented(
    'This embedded server takes rows in text formats only: JSONEachRow, JSONCompactEachRow, CSV or TabSeparated.',
  );
}

function literal(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function identifier(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}

function busy(): Error {
  return FAILURES.tooManyQueries(`More than ${waitingMax} queries are waiting.`);
}
