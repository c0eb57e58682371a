/**
 * What an endpoint must know about a statement before the engine sees it: the format it names itself, the functions it
 * calls, and whether it is an INSERT that carries its rows behind it.
 */
import { isSign, isWord, type Token, tokenStream } from './sql-tokens.ts';

/** An INSERT whose rows follow the statement in a named format. */
export interface InsertHead {
  readonly table: string;
  readonly columns: readonly string[] | null;
  readonly settings: ReadonlyMap<string, string>;
  readonly format: string;
  /** Where the rows begin, counted in characters of the text given. */
  readonly rowsStart: number;
}

const plainName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The statement's own trailing FORMAT, or null; SETTINGS may follow it. */
export function trailingFormat(tokens: readonly Token[]): string | null {
  let end = tokens.length;
  while (isSign(tokens[end - 1], ';')) end -= 1;
  for (let at = end - 2; at >= 0; at -= 1) {
    if (!isWord(tokens[at], 'FORMAT')) continue;
    const name = tokens[at + 1];
    const isLast = at + 2 === end || isWord(tokens[at + 2], 'SETTINGS');
    return isLast && name?.kind === 'word' ? name.text : null;
  }
  return null;
}

/** The names of all functions called, in lower case; a name may be quoted, and white space may follow it. */
export function calledFunctions(tokens: readonly Token[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [at, token] of tokens.entries()) {
    const isName = token.kind === 'word' || token.kind === 'quotedName';
    if (isName && isSign(tokens[at + 1], '(')) names.add(token.text.toLowerCase());
  }
  return names;
}

export function hasManyStatements(tokens: readonly Token[]): boolean {
  const firstEnd = tokens.findIndex((token) => isSign(token, ';'));
  return firstEnd >= 0 && tokens.slice(firstEnd).some((token) => !isSign(token, ';'));
}

export function startsWithInsert(tokens: readonly Token[]): boolean {
  return isWord(tokens[0], 'INSERT');
}

/**
 * Reads `INSERT INTO [TABLE] name [(columns)] [SETTINGS ...] FORMAT name` at the beginning of a text.
 * Null for every other form, which then takes the ordinary way through the engine's own parser.
 */
export function parseInsertHead(text: string): InsertHead | null {
  const cursor = new Cursor(tokenStream(text));
  if (!cursor.word('INSERT') || !cursor.word('INTO')) return null;
  cursor.word('TABLE');
  const table = cursor.tableName();
  const columns = cursor.columnList();
  const settings = cursor.settings();
  if (table === null || columns === undefined || settings === null || !cursor.word('FORMAT')) return null;
  const format = cursor.take();
  if (format?.kind !== 'word') return null;
  return { table, columns, settings, format: format.text, rowsStart: rowsStart(text, format.end) };
}

/** One line end after the format's name belongs to the statement; a row may begin with white space of its own. */
function rowsStart(text: string, formatEnd: number): number {
  const gap = /^[ \t\r]*\n|^ +/.exec(text.slice(formatEnd));
  return formatEnd + (gap?.[0].length ?? 0);
}

/** Looks one token ahead and never further, so that the rows behind the statement are not read as SQL. */
class Cursor {
  readonly #tokens: Generator<Token, void>;
  #next: Token | undefined;

  constructor(tokens: Generator<Token, void>) {
    this.#tokens = tokens;
  }

  take(): Token | undefined {
    const token = this.#peek();
    this.#next = undefined;
    return token;
  }

  word(word: string): boolean {
    const matches = isWord(this.#peek(), word);
    if (matches) this.take();
    return matches;
  }

  sign(sign: string): boolean {
    const matches = isSign(this.#peek(), sign);
    if (matches) this.take();
    return matches;
  }

  #peek(): Token | undefined {
    this.#next ??= this.#tokens.next().value ?? undefined;
    return this.#next;
  }

  name(): string | null {
    const token = this.take();
    const isName = token?.kind === 'word' || token?.kind === 'quotedName';
    return isName && plainName.test(token.text) ? token.text : null;
  }

  tableName(): string | null {
    const first = this.name();
    if (first === null || !this.sign('.')) return first;
    const second = this.name();
    return second === null ? null : `${first}.${second}`;
  }

  /** Null without a list, undefined when the list is not one of plain names. */
  columnList(): readonly string[] | null | undefined {
    if (!this.sign('(')) return null;
    const columns: string[] = [];
    do {
      const column = this.name();
      if (column === null) return undefined;
      columns.push(column);
    } while (this.sign(','));
    return this.sign(')') ? columns : undefined;
  }

  settings(): ReadonlyMap<string, string> | null {
    const settings = new Map<string, string>();
    if (!this.word('SETTINGS')) return settings;
    do {
      const name = this.name();
      const equals = this.sign('=');
      const value = this.take();
      if (name === null || !equals || (value?.kind !== 'string' && value?.kind !== 'number')) return null;
      settings.set(name, value.text);
    } while (this.sign(','));
    return settings;
  }
}
