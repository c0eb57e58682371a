/**
 * The jars of the embedded servers, fetched once by Maven and shared by every stack on the machine.
 *
 * 1. A cache folder that exists is complete: it is filled under another name and renamed at the end.
 * 2. One process fetches at a time; the others wait for it and then find the folder.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isLock, type Lock, tryLock } from './lock.ts';
import { requireMaven } from './requirements.ts';
import { waitUntil } from './wait.ts';

export const KAFKA_VERSION = '4.3.1';
export const APICURIO_VERSION = '2.6.13.Final';

const fetchTimeoutMs = 600_000;
const lockPollMs = 250;

export interface ArtifactStore {
  readonly cacheDir: string;
  readonly onProgress: (line: string) => void;
}

interface Artifact {
  readonly folder: string;
  readonly announcement: string;
  fill(target: string): Promise<void>;
}

/** The folder that holds the broker's jars. */
export function kafkaJars(store: ArtifactStore): Promise<string> {
  const pom = join(import.meta.dirname, 'kafka', 'pom.xml');
  return obtain(store, {
    folder: `kafka-${KAFKA_VERSION}`,
    announcement: `Fetching Apache Kafka ${KAFKA_VERSION} from Maven Central (once, about 45 MB).`,
    fill: (target) =>
      maven([
        '-f',
        pom,
        'dependency:copy-dependencies',
        '-DincludeScope=runtime',
        `-DoutputDirectory=${target}`,
      ]),
  });
}

/** The folder that holds Kafka's own command line tools, which the broker does without; they need its jars beside them. */
export function kafkaTools(store: ArtifactStore): Promise<string> {
  const artifact = `org.apache.kafka:kafka-tools:${KAFKA_VERSION}`;
  return obtain(store, {
    folder: `kafka-tools-${KAFKA_VERSION}`,
    announcement: `Fetching Kafka's tools ${KAFKA_VERSION} from Maven Central (once, about 1 MB).`,
    fill: (target) => maven(['dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${target}`]),
  });
}

/** The folder that holds the unpacked registry. */
export function apicurioFiles(store: ArtifactStore): Promise<string> {
  const artifact = `io.apicurio:apicurio-registry-app:${APICURIO_VERSION}:tar.gz:all`;
  const archive = `apicurio-registry-app-${APICURIO_VERSION}-all.tar.gz`;
  return obtain(store, {
    folder: `apicurio-${APICURIO_VERSION}`,
    announcement: `Fetching Apicurio Registry ${APICURIO_VERSION} from Maven Central (once, about 140 MB).`,
    async fill(target) {
      await maven(['dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${target}`]);
      await run('tar', ['-xzf', join(target, archive), '-C', target]);
      rmSync(join(target, archive));
    },
  });
}

async function obtain(store: ArtifactStore, artifact: Artifact): Promise<string> {
  const folder = join(store.cacheDir, artifact.folder);
  if (existsSync(folder)) return folder;
  requireMaven();
  mkdirSync(store.cacheDir, { recursive: true });
  const lock = await waitForLock(`${folder}.lock`);
  try {
    if (existsSync(folder)) return folder;
    store.onProgress(artifact.announcement);
    await fillAndRename(store, artifact);
    return folder;
  } finally {
    lock.release();
  }
}

async function fillAndRename(store: ArtifactStore, artifact: Artifact): Promise<void> {
  const partial = mkdtempSync(join(store.cacheDir, `.partial-${artifact.folder}-`));
  try {
    await artifact.fill(partial);
    renameSync(partial, join(store.cacheDir, artifact.folder));
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
}

async function waitForLock(file: string): Promise<Lock> {
  let lock: Lock | null = null;
  await waitUntil(
    async () => {
      const result = tryLock(file);
      if (isLock(result)) lock = result;
      return isLock(result);
    },
    { timeoutMs: fetchTimeoutMs, intervalMs: lockPollMs },
  );
  if (lock === null) throw new Error(`Another process has held ${file} for ${fetchTimeoutMs} ms.`);
  return lock;
}

function maven(args: readonly string[]): Promise<void> {
  return run('mvn', ['--batch-mode', '--quiet', '--color=never', ...args]);
}

/** Runs a command quietly; what it said is part of the error when it fails. */
async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await once(child, 'close');
  if (child.exitCode !== 0) {
    throw new Error(
      `"${command} ${args.join(' ')}" failed with exit code ${child.exitCode}:\n${output.trim()}`,
    );
  }
}
