/**
 * Cuts ClickHouse SQL into tokens, as far as an endpoint needs to: where words, quoted names and literals are.
 *
 * 1. Comments and white space never become tokens, so nothing hides behind them.
 * 2. A text that ends inside a quote or comment still gives tokens; the engine is the one to refuse it.
 */

export type TokenKind = 'word' | 'quotedName' | 'string' | 'number' | 'sign';

export interface Token {
  readonly kind: TokenKind;
  /** The word as written, a quoted name or string without its quotes and escapes, or the sign itself. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

interface Pattern {
  readonly kind: TokenKind | 'skip';
  readonly regex: RegExp;
}

const patterns: readonly Pattern[] = [
  { kind: 'skip', regex: /\s+/y },
  { kind: 'skip', regex: /(?:--|#!|# |\/\/)[^\n]*/y },
  { kind: 'string', regex: /'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)/y },
  { kind: 'quotedName', regex: /"(?:[^"\\]|\\[\s\S]|"")*(?:"|$)/y },
  { kind: 'quotedName', regex: /`(?:[^`\\]|\\[\s\S]|``)*(?:`|$)/y },
  { kind: 'string', regex: /\$(\w*)\$[\s\S]*?\$\1\$/y },
  { kind: 'number', regex: /\d[\w.]*/y },
  { kind: 'word', regex: /[\p{L}_$][\p{L}\p{N}_$]*/uy },
];

const blockComment = { open: '/*', close: '*/' };

export function tokensOf(sql: string): readonly Token[] {
  return [...tokenStream(sql)];
}

/** The tokens one by one, for a reader that stops early: behind an INSERT there may be megabytes of rows. */
export function* tokenStream(sql: string): Generator<Token, void> {
  let position = 0;
  while (position < sql.length) {
    const afterComment = skipBlockComment(sql, position);
    if (afterComment > position) {
      position = afterComment;
      continue;
    }
    const { kind, end } = matchAt(sql, position);
    if (kind !== 'skip') {
      yield { kind, text: textOf(kind, sql.slice(position, end)), start: position, end };
    }
    position = end;
  }
}

function matchAt(sql: string, position: number): { kind: TokenKind | 'skip'; end: number } {
  for (const { kind, regex } of patterns) {
    regex.lastIndex = position;
    if (regex.test(sql)) return { kind, end: regex.lastIndex };
  }
  return { kind: 'sign', end: position + 1 };
}

/** Block comments nest in ClickHouse, which a regular expression cannot follow. */
function skipBlockComment(sql: string, start: number): number {
  if (!sql.startsWith(blockComment.open, start)) return start;
  let depth = 0;
  let position = start;
  while (position < sql.length) {
    if (sql.startsWith(blockComment.open, position)) {
      depth += 1;
      position += 2;
    } else if (sql.startsWith(blockComment.close, position)) {
      depth -= 1;
      position += 2;
      if (depth === 0) return position;
    } else {
      position += 1;
    }
  }
  return position;
}

function textOf(kind: TokenKind, source: string): string {
  if (kind !== 'quotedName' && !(kind === 'string' && source.startsWith("'"))) return source;
  const quote = source.charAt(0);
  const inner = source.slice(1, source.endsWith(quote) && source.length > 1 ? -1 : undefined);
  return inner.replaceAll(quote + quote, quote).replace(/\\([\s\S])/g, '$1');
}

/** A word or sign compared without regard to case, as ClickHouse compares its keywords. */
export function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toUpperCase() === word;
}

export function isSign(token: Token | undefined, sign: string): boolean {
  return token?.kind === 'sign' && token.text === sign;
}
