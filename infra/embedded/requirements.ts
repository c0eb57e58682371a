/**
 * What a machine must have before the embedded stack can start, each with one sentence that says what is missing
 * and how to get it.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const javaMajorMin = 17;

export class MissingRequirement extends Error {
  override readonly name = 'MissingRequirement';
}

export interface CommandOutcome {
  readonly found: boolean;
  readonly output: string;
}

/** Runs a command and gives what it printed; injectable, so that the messages are testable without removing Java. */
export type RunCommand = (command: string, args: readonly string[]) => CommandOutcome;

export const runCommand: RunCommand = (command, args) => {
  const result = spawnSync(command, [...args], { encoding: 'utf8' });
  return {
    found: result.error === undefined && result.status === 0,
    output: `${result.stdout}${result.stderr}`,
  };
};

/** The Java command to use: JAVA_HOME's when it is set, else the one on the path. */
export function findJava(javaHome: string | undefined, run: RunCommand = runCommand): string {
  const java = javaHome ? join(javaHome, 'bin', 'java') : 'java';
  const { found, output } = run(java, ['-version']);
  if (!found) {
    throw new MissingRequirement(
      javaHome
        ? `JAVA_HOME points to ${javaHome}, where no working bin/java is: correct JAVA_HOME or unset it.`
        : `Java ${javaMajorMin} or newer is needed for the embedded broker and was not found: install it ` +
            '(Debian and Ubuntu: "apt install openjdk-17-jre-headless", macOS: "brew install openjdk@17"), ' +
            'or set KAFKA_BROKERS and SCHEMA_REGISTRY_URL to servers of your own.',
    );
  }
  const major = javaMajor(output);
  if (major === null || major < javaMajorMin) {
    throw new MissingRequirement(
      `Java ${javaMajorMin} or newer is needed for the embedded broker, but "${java}" is ` +
        `${major === null ? 'of an unknown version' : `version ${major}`}: install a newer one or point JAVA_HOME at it.`,
    );
  }
  return java;
}

/** Maven is needed only while the jars are not in the cache yet. */
export function requireMaven(run: RunCommand = runCommand): void {
  if (run('mvn', ['-v']).found) return;
  throw new MissingRequirement(
    'Maven (mvn) is needed once to fetch the broker and the registry and was not found: install it ' +
      '(Debian and Ubuntu: "apt install maven", macOS: "brew install maven"), ' +
      'or set KAFKA_BROKERS and SCHEMA_REGISTRY_URL to servers of your own.',
  );
}

/** Reads `version "17.0.15"` and the older `version "1.8.0_412"`. */
export function javaMajor(versionText: string): number | null {
  const match = /version "(?:1\.)?(\d+)/.exec(versionText);
  return match?.[1] === undefined ? null : Number(match[1]);
}
