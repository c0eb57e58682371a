/**
 * The services of the ledger as supervised processes, one for each `services/NAME/main.ts`.
 *
 * Boundary: knows how a service is started and how it says that it is ready (one log line with `"ready":true`);
 * nothing about what it does.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EmbeddedPart, embeddedPart } from './part.ts';
import { startProcess } from './process.ts';

const projectDir = join(import.meta.dirname, '..', '..');

/** Young objects live for one step; a larger nursery lets them die there, and old space stays small. */
const NURSERY = ['--max-semi-space-size=16'];
/** The steps of the money path are the largest under load. Twice the nursery, at once, saves a seventh of their time. */
const MONEY_PATH_NURSERY = ['--min-semi-space-size=32', '--max-semi-space-size=32'];
const MONEY_PATH: ReadonlySet<string> = new Set(['rating', 'credit-balances']);
const NODE_OPTIONS = ['--max-old-space-size=224', '--disable-warning=ExperimentalWarning'];

/** Who goes first when the cores are short: what moves balances, and what answers people. The rest may lag a little. */
const FIRST: ReadonlySet<string> = new Set(['rating', 'credit-balances', 'gateway', 'ticker', 'console']);
const LATER_NICENESS = 19;

function nodeOptionsOf(name: string): readonly string[] {
  return [...(MONEY_PATH.has(name) ? MONEY_PATH_NURSERY : NURSERY), ...NODE_OPTIONS];
}

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
