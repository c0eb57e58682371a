/**
 * What the machine itself must have: Node, and for the embedded stack Java, Maven, room on disk and free ports.
 *
 * Boundary: Java and Maven matter only where a part of the stack is embedded, so their absence is a warning.
 */
import { statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isPortFree } from '../../embedded/ports.ts';
import { javaMajor, type RunCommand } from '../../embedded/requirements.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

export interface MachineFacts {
  readonly nodeVersion: string;
  readonly javaHome: string | undefined;
  readonly stateDir: string;
  readonly run: RunCommand;
  /** Loopback ports that the next start wants; empty while a stack runs on them. */
  readonly wantedPorts: readonly { readonly name: string; readonly port: number }[];
}

const NODE_MAJOR = 24;
const JAVA_MAJOR_MIN = 17;
const DISK_WARN_GIB = 5n;
const DISK_FAIL_GIB = 1n;
const GIBIBYTE = 1024n ** 3n;

export async function checkMachine(facts: MachineFacts): Promise<readonly Finding[]> {
  return [
    nodeFinding(facts),
    javaFinding(facts),
    mavenFinding(facts),
    await diskFinding(facts.stateDir),
    ...(await portFindings(facts)),
  ];
}

function nodeFinding({ nodeVersion }: MachineFacts): Finding {
  const major = Number(/^v(\d+)/.exec(nodeVersion)?.[1] ?? 0);
  if (major === NODE_MAJOR) return ok('node', nodeVersion);
  const wayOut = 'Run commands by `npm run ledger --`, which uses the pinned one.';
  return warn('node', `${nodeVersion}; this version of the ledger is tested with Node ${NODE_MAJOR}`, wayOut);
}

function javaFinding({ run, javaHome }: MachineFacts): Finding {
  const { found, output } = run(javaHome === undefined ? 'java' : `${javaHome}/bin/java`, ['-version']);
  const major = found ? javaMajor(output) : null;
  const version = /version "([^"]+)"/.exec(output)?.[1] ?? 'of an unknown version';
  if (major !== null && major >= JAVA_MAJOR_MIN) return ok('java', version);
  const detail = found ? `${version}, and ${JAVA_MAJOR_MIN} is the least` : 'not found';
  return warn(
    'java',
    detail,
    `Install Java ${JAVA_MAJOR_MIN} or newer; only the embedded broker and registry need it.`,
  );
}

function mavenFinding({ run }: MachineFacts): Finding {
  const { found, output } = run('mvn', ['-v']);
  const version = /Apache Maven (\d[\w.-]*)/.exec(output)?.[1];
  if (found) return ok('mvn', version ?? 'found');
  return warn(
    'mvn',
    'not found',
    'Install Maven; it is needed once, to fetch the embedded broker and registry.',
  );
}

async function diskFinding(stateDir: string): Promise<Finding> {
  const { bavail, bsize } = await statfsUp(resolve(stateDir));
  const free = (bavail * bsize) / GIBIBYTE;
  const detail = `${free} GiB free for ${stateDir}`;
  const wayOut = 'Free some room, or set LEDGER_STATE_DIR to another disk; a broker without room stops.';
  if (free < DISK_FAIL_GIB) return fail('disk', detail, wayOut);
  return free < DISK_WARN_GIB ? warn('disk', detail, wayOut) : ok('disk', detail);
}

/** The folder may not be there yet; then the room is that of the nearest folder above. */
async function statfsUp(folder: string): ReturnType<typeof statfsBig> {
  try {
    return await statfsBig(folder);
  } catch (error) {
    if (dirname(folder) === folder) throw error;
    return statfsUp(dirname(folder));
  }
}

function statfsBig(folder: string) {
  return statfs(folder, { bigint: true });
}

async function portFindings({ wantedPorts }: MachineFacts): Promise<readonly Finding[]> {
  return Promise.all(
    wantedPorts.map(async ({ name, port }) =>
      (await isPortFree(port))
        ? ok(`port ${port}`, `free for ${name}`)
        : warn(
            `port ${port}`,
            `in use, and ${name} had it last time`,
            'Nothing to do: another one is chosen at the next start.',
          ),
    ),
  );
}
