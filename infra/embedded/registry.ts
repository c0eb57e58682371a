/**
 * The embedded schema registry: Apicurio, spoken to through its Confluent-compatible interface.
 *
 * 1. The storage is H2 on a file. The default, H2 in memory, would lose the ids that every record in the log carries.
 * 2. A registration that was answered survives a kill: H2 by itself writes half a second later, so the delay is zero.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { APICURIO_VERSION } from './artifacts.ts';
import { LOOPBACK } from './ports.ts';
import { type SupervisedProcess, startProcess } from './process.ts';

export interface RegistryOptions {
  readonly java: string;
  readonly filesDir: string;
  readonly dataDir: string;
  readonly logFile: string;
  readonly port: number;
}

const confluentPath = '/apis/ccompat/v7';
const healthTimeoutMs = 3_000;

export function registryUrl(port: number): string {
  return `http://${LOOPBACK}:${port}${confluentPath}`;
}

export function startRegistry(options: RegistryOptions): Promise<SupervisedProcess> {
  mkdirSync(options.dataDir, { recursive: true });
  return startProcess({
    name: 'Schema registry',
    command: options.java,
    args: [
      '-Xmx256m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-XX:+ExitOnOutOfMemoryError',
      '-Djava.awt.headless=true',
      `-Dquarkus.http.host=${LOOPBACK}`,
      `-Dquarkus.http.port=${options.port}`,
      '-Dquarkus.log.level=WARN',
      '-jar',
      join(options.filesDir, `apicurio-registry-app-${APICURIO_VERSION}-runner.jar`),
    ],
    env: { REGISTRY_DATASOURCE_URL: `jdbc:h2:file:${join(options.dataDir, 'registry')};WRITE_DELAY=0` },
    cwd: options.dataDir,
    logFile: options.logFile,
    healthy: () => answersSubjects(options.port),
  });
}

async function answersSubjects(port: number): Promise<boolean> {
  const answer = await fetch(`${registryUrl(port)}/subjects`, {
    signal: AbortSignal.timeout(healthTimeoutMs),
  });
  return answer.ok && Array.isArray(await answer.json());
}
