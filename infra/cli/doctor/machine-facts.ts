/** What the doctor is told about the machine: this Node, and the ports that the next start will want. */
import { runCommand } from '../../embedded/requirements.ts';
import { readState } from '../../embedded/state-file.ts';
import type { Settings } from '../context.ts';
import type { MachineFacts } from './machine.ts';

export function machineFacts({ stateDir, stackRuns, javaHome }: Settings): MachineFacts {
  const ports = stackRuns ? {} : (readState(stateDir)?.ports ?? {});
  return {
    nodeVersion: process.version,
    javaHome: javaHome ?? undefined,
    stateDir,
    run: runCommand,
    wantedPorts: Object.entries(ports).flatMap(([name, port]) =>
      port === undefined ? [] : [{ name, port }],
    ),
  };
}
