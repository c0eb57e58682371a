/** What every command has: machine output, silence, an example; and how it is started. */
import type { Command } from 'commander';
import type { Work } from './execute.ts';

/** Runs the work that the words of the command line asked for. */
export type Start = (command: Command, work: Work) => Promise<void>;

export interface About {
  readonly description: string;
  readonly example: string;
}

export function addCommand(program: Command, name: string, { description, example }: About): Command {
  return program
    .command(name)
    .description(description)
    .option('--json', 'machine output on standard output')
    .option('--quiet', 'no progress on standard error')
    .addHelpText('after', `\nExample:\n  ${example}`);
}
