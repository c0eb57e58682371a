/**
 * `ledger`: the command line of the Outcome Ledger.
 *
 * Job: hand the process to the program: arguments, environment, streams, signals, exit code. What the commands are is
 * in `program.ts`, what they do in `commands/`.
 */
import { type Command, CommanderError } from 'commander';
import { execute, type Work } from './execute.ts';
import { json } from './output.ts';
import { buildProgram } from './program.ts';
import { EXIT } from './report.ts';

const INTERRUPTED = 130;

async function main(argv: readonly string[]): Promise<number> {
  const stopping = new AbortController();
  process.once('SIGINT', () => {
    stopping.abort();
    process.exitCode = INTERRUPTED;
  });
  let exitCode: number = EXIT.ok;
  const start = async (command: Command, work: Work): Promise<void> => {
    const { json: isJson = false, quiet = false } = command.opts<{ json?: boolean; quiet?: boolean }>();
    const { env, stdout, stderr } = process;
    const surroundings = { env, stdout, stderr, signal: stopping.signal, now: Date.now };
    exitCode = await execute(surroundings, { json: isJson, quiet }, work);
  };
  try {
    await buildProgram(start).parseAsync([...argv], { from: 'user' });
    return stopping.signal.aborted ? INTERRUPTED : exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return usageExit(error, argv.includes('--json'));
  }
}

/** The program has said on standard error what is wrong; asking for help is no error. */
function usageExit(error: CommanderError, isJson: boolean): number {
  if (error.exitCode === 0) return EXIT.ok;
  const message = error.message.replace(/^error: /, '');
  if (isJson) process.stdout.write(json({ error: { code: 'usage', message, wayOut: 'See --help.' } }));
  return EXIT.usage;
}

process.exitCode = await main(process.argv.slice(2));
// A pipe may still hold output, and connections to servers that went away may keep timers.
await new Promise((written) => process.stdout.write('', written));
process.exit();
