/**
 * The services of the ledger as supervised processes, one for each `services/NAME/main.ts`.
 *
 * Boundary: knows how a service is started and how it says that it is ready (one log line with `"ready":true`);
 * nothing about what it does.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeOptionsOf } from './node-options.ts';
import { type EmbeddedPart, embeddedPart } from './part.ts';
import { startProcess } from './process.ts';

const projectDir = join(import.meta.dirname, '..', '..');

/**
 * Who goes first when the cores are short: what moves balances, and what answers people. The rest may lag, but a tenth of the
 * weight is left to each, so that it does not stand still: with niceness 19 no row came while there was no core to spare.
 */
const FIRST: ReadonlySet<string> = new Set(['rating', 'credit-balances', 'gateway', 'ticker', 'console']);
const LATER_NICENESS = 10;

export interface ServiceSpec {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logsDir: string;
  readonly onProgress: (line: string) => void;
}

export function servicePart(spec: ServiceSpec): EmbeddedPart {
  const logFile = join(spec.logsDir, `${spec.name}.log`);
  return embeddedPart({
    name: spec.name,
    onChange: () => undefined,
    onProgress: spec.onProgress,
    start: () =>
      startProcess({
        name: spec.name,
        command: process.execPath,
        args: [...nodeOptionsOf(spec.name), join('services', spec.name, 'main.ts')],
        env: spec.env,
        cwd: projectDir,
        logFile,
        ...(FIRST.has(spec.name) ? {} : { niceness: LATER_NICENESS }),
        healthy: async () => existsSync(logFile) && readFileSync(logFile, 'utf8').includes('"ready":true'),
      }),
  });
}
