/**
 * Runs one command from its settings to its exit code.
 *
 * Invariants:
 *  1. With `--json` standard output holds one JSON document and nothing else, also when the command fails.
 *  2. Without it, an error goes to standard error as `code: message` and a way out.
 *  3. Every connection is closed before the exit code is known.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type CliError, cliErrorOf } from './cli-error.ts';
import { type Context, openContext } from './context.ts';
import { json } from './output.ts';
import { progressOn, SILENT } from './progress.ts';
import type { ExitCode, Report } from './report.ts';

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

export type Work = (context: Context) => Promise<Report>;

/** Closing waits for sockets of servers that may be gone. */
const CLOSE_TIMEOUT_MS = 3_000;

export async function execute(
  surroundings: Surroundings,
  options: { readonly json: boolean; readonly quiet: boolean },
  work: Work,
): Promise<ExitCode> {
  const { env, stdout, stderr, signal, now } = surroundings;
  let context: Context | null = null;
  try {
    const progress = options.quiet ? SILENT : progressOn(stderr);
    context = openContext({ env, signal, now, progress });
    const report = await work(context);
    stdout.write(options.json ? json(report.data) : `${report.render()}\n`);
    return report.exitCode;
  } catch (error) {
    const failure = cliErrorOf(error);
    if (options.json) stdout.write(json({ error: errorData(failure) }));
    else stderr.write(errorText(failure, env['LEDGER_TRACE'] === '1'));
    return failure.exitCode;
  } finally {
    if (context !== null)
      await Promise.race([context.close(), pause(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
  }
}

function errorData({ code, message, wayOut }: CliError) {
  return { code, message, wayOut };
}

function errorText({ code, message, wayOut, stack, cause }: CliError, hasTrace: boolean): string {
  const trace = hasTrace ? `${cause instanceof Error ? cause.stack : stack}\n` : '';
  return `${code}: ${message}\n  ${wayOut}\n${trace}`;
}
