/**
 * What somebody who may only read is allowed to ask.
 *
 * The engine decides wherever it can: its parser says what kind of statement it is, and it runs readers' statements
 * on a locked connection. Two things remain that the lock lets through in an embedded engine, files and the network
 * reached by functions, so the functions a reader may call are checked on the text the engine's parser writes.
 *
 * 1. A table function that is not listed here is refused, so one that a new engine version brings is refused as well.
 */
import type { Analysis } from './engine.ts';
import { FAILURES } from './exception.ts';
import { tokensOf } from './sql-tokens.ts';
import { calledFunctions } from './statement.ts';

/** Table functions that reach no further than the tables and arithmetic. */
const harmlessTableFunctions: ReadonlySet<string> = new Set([
  'numbers',
  'numbers_mt',
  'zeros',
  'zeros_mt',
  'primes',
  'generateseries',
  'generate_series',
  'generaterandom',
  'values',
  'null',
  'view',
  'viewexplain',
  'viewifpermitted',
  'merge',
  'dictionary',
  'format',
]);

/** Ordinary functions that read files or call services. */
const reachingFunctions: ReadonlySet<string> = new Set([
  'file',
  'catboostevaluate',
  'aiclassify',
  'aiembed',
  'aiextract',
  'aigenerate',
  'aitranslate',
]);

export interface ReaderQuestion {
  readonly user: string;
  /** The statement as the engine's parser writes it. */
  readonly canonical: string;
  /** All table functions of this engine, in lower case. */
  readonly tableFunctions: ReadonlySet<string>;
}

export function checkStatementCount(analysis: Analysis): void {
  if (analysis.statementCount > 1)
    throw FAILURES.syntaxError('Syntax error: Multi-statements are not allowed');
}

export function checkReadOnly(user: string, analysis: Analysis): void {
  if (!analysis.isRead) throw FAILURES.readOnly(`${user}: Cannot execute query in readonly mode.`);
}

export function checkFunctions({ user, canonical, tableFunctions }: ReaderQuestion): void {
  for (const name of calledFunctions(tokensOf(canonical))) {
    const reaches = tableFunctions.has(name) && !harmlessTableFunctions.has(name);
    if (reaches || reachingFunctions.has(name)) {
      throw FAILURES.accessDenied(
        `${user}: Not enough privileges: the function ${name} reaches beyond the database.`,
      );
    }
  }
}
