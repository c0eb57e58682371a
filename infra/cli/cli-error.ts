/**
 * Every failure of the command line as a stable code, a sentence, a way out and an exit code.
 *
 * Job: the one table from what libraries and ports raise to what a person reads. Commands throw a `CliError` only for
 * what they alone know.
 */

import { RegistryUnreachable } from '../../schemas/schema-directory.ts';
import { ValueError } from '../../schemas/value-error.ts';
import { LogError } from '../../topology/log.ts';
import { PublishError } from '../../topology/publish-error.ts';
import { ApplyRefused } from '../apply/apply.ts';
import { TraceError } from '../importers/trace-lines.ts';
import { SealRefused } from '../seal/make-head.ts';
import { KeyUnusable } from '../seal/signing-key.ts';
import { EXIT, type ExitCode } from './report.ts';

interface ErrorParts {
  readonly exitCode: ExitCode;
  readonly wayOut: string;
  readonly cause?: unknown;
}

export class CliError extends Error {
  readonly code: string;
  readonly wayOut: string;
  readonly exitCode: ExitCode;

  constructor(code: string, message: string, parts: ErrorParts) {
    super(message, parts.cause === undefined ? {} : { cause: parts.cause });
    this.name = 'CliError';
    this.code = code;
    this.wayOut = parts.wayOut;
    this.exitCode = parts.exitCode;
  }
}

/** A wrong option or argument. */
export function usageError(message: string, wayOut = 'See --help.'): CliError {
  return new CliError('usage', message, { exitCode: EXIT.usage, wayOut });
}

/** Data that was asked for and is not there, or is there and is not acceptable. */
export function dataError(code: string, message: string, wayOut: string): CliError {
  return new CliError(code, message, { exitCode: EXIT.failed, wayOut });
}

export function unreachable(part: string, cause: unknown): CliError {
  return new CliError(
    `${part.toLowerCase()}_unreachable`,
    `the ${part} does not answer: ${messageOf(cause)}`,
    {
      exitCode: EXIT.unreachable,
      wayOut:
        'Start the stack with `npm start`, or set its address in the environment; `ledger doctor` says more.',
      cause,
    },
  );
}

export function cliErrorOf(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof Error && error.name === 'AbortError') return interrupted(error);
  if (error instanceof RegistryUnreachable) return unreachable('registry', error);
  if (error instanceof LogError) return ofLog(error);
  if (error instanceof PublishError) return ofPublish(error);
  if (error instanceof ApplyRefused) {
    return dataError(
      'apply_refused',
      error.message,
      'Correct what each line names, then run `ledger apply` again.',
    );
  }
  if (error instanceof ValueError) {
    return dataError(error.code, messageWithout(error), 'Correct the value and run the command again.');
  }
  if (error instanceof TraceError) {
    return dataError('trace_unreadable', error.message, 'Correct the line named, or give another file.');
  }
  if (error instanceof SealRefused) {
    return dataError('seal_refused', error.message, 'Run `ledger verify` to see what does not hold.');
  }
  if (error instanceof KeyUnusable) {
    return dataError(
      'key_unusable',
      error.message,
      'Give an Ed25519 key as PEM (PKCS#8 private, SPKI public).',
    );
  }
  const missing = messageOf(error).includes('run ledger apply');
  if (missing) return dataError('schemas_missing', messageOf(error), 'Run `ledger apply`.');
  return new CliError('internal', messageOf(error), {
    exitCode: EXIT.internal,
    wayOut: 'This is a defect; LEDGER_TRACE=1 shows where it happened.',
    cause: error,
  });
}

function interrupted(cause: Error): CliError {
  const wayOut = 'Run it again; nothing that was acknowledged is lost.';
  return new CliError('interrupted', 'stopped before the end', { exitCode: EXIT.failed, wayOut, cause });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function ofLog(error: LogError): CliError {
  if (error.code.startsWith('UNKNOWN_TOPIC')) {
    return dataError('topic_missing', messageWithout(error), 'Run `ledger apply` to create the topics.');
  }
  if (error.kind === 'retriable' || isConnection(error)) return unreachable('broker', error);
  return new CliError(error.code.toLowerCase(), messageWithout(error), {
    exitCode: error.kind === 'out_of_range' ? EXIT.failed : EXIT.internal,
    wayOut: error.kind === 'out_of_range' ? 'The log lost records; restore it.' : 'See the broker log.',
    cause: error,
  });
}

function ofPublish(error: PublishError): CliError {
  if (error.code === 'unavailable' || error.code === 'unknown_outcome') return unreachable('broker', error);
  return new CliError(error.code, error.message, {
    exitCode: EXIT.failed,
    wayOut: 'Correct the record, or send it again later; a repeat is counted once.',
    cause: error,
  });
}

function isConnection(error: LogError): boolean {
  return /CONNECTION|NETWORK|ECONN|ENOTFOUND|KafkaJSNumberOfRetriesExceeded/i.test(error.code);
}

/** These errors begin their message with their code, which is shown beside it anyway. */
function messageWithout(error: { readonly code: string; readonly message: string }): string {
  const prefix = `${error.code}: `;
  return error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message;
}
