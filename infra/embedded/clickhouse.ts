/**
 * The embedded analytics server: the ClickHouse engine in a process of its own, behind ClickHouse's HTTP interface.
 *
 * The password of the one user that may write is made once per state folder and kept in a file only its owner reads.
 * It travels to the process in the environment, since arguments are visible to everyone on the machine.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LOOPBACK } from './ports.ts';
import { type SupervisedProcess, startProcess } from './process.ts';

export interface ClickhouseOptions {
  readonly dataDir: string;
  readonly logFile: string;
  readonly port: number;
  readonly writer: ClickhouseCredentials;
}

export interface ClickhouseCredentials {
  readonly username: string;
  readonly password: string;
}

const writerName = 'sink';
const passwordBytes = 24;
const healthTimeoutMs = 2_000;
/** Rows may reach the tables a little later when the cores are short; balances may not. */
const laterNiceness = 10;
/** The engine holds a thread per running query, and decompression needs some beside them. */
const threadPoolSize = 8;

export function clickhouseUrl(port: number): string {
  return `http://${LOOPBACK}:${port}`;
}

export function startClickhouse(options: ClickhouseOptions): Promise<SupervisedProcess> {
  mkdirSync(options.dataDir, { recursive: true });
  return startProcess({
    name: 'ClickHouse',
    command: process.execPath,
    args: [join(import.meta.dirname, '..', 'clickhouse-endpoint', 'main.ts')],
    env: {
      ENDPOINT_DATA_DIR: options.dataDir,
      ENDPOINT_PORT: String(options.port),
      ENDPOINT_WRITER_NAME: options.writer.username,
      ENDPOINT_WRITER_PASSWORD: options.writer.password,
      TZ: 'UTC',
      UV_THREADPOOL_SIZE: String(threadPoolSize),
    },
    cwd: dirname(options.dataDir),
    logFile: options.logFile,
    niceness: laterNiceness,
    healthy: () => answersSelect(options.port),
  });
}

/** The writer's credentials of this state folder, made when they are asked for the first time. */
export function clickhouseWriter(stateDir: string): ClickhouseCredentials {
  const file = join(stateDir, 'clickhouse-writer-password');
  if (!existsSync(file)) {
    mkdirSync(stateDir, { recursive: true });
    writeFileSync(file, randomBytes(passwordBytes).toString('base64url'), { mode: 0o600, flag: 'wx' });
  }
  return { username: writerName, password: readFileSync(file, 'utf8').trim() };
}

async function answersSelect(port: number): Promise<boolean> {
  const answer = await fetch(`${clickhouseUrl(port)}/?query=SELECT%201`, {
    signal: AbortSignal.timeout(healthTimeoutMs),
  });
  return answer.ok && (await answer.text()) === '1\n';
}
