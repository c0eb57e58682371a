/** Starts the endpoint alone, on a state folder of its own, and asks it the way a client without a library would. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ClickhouseCredentials,
  clickhouseUrl,
  clickhouseWriter,
  startClickhouse,
} from '../../infra/embedded/clickhouse.ts';
import { choosePort } from '../../infra/embedded/ports.ts';
import type { SupervisedProcess } from '../../infra/embedded/process.ts';

export interface Endpoint {
  readonly url: string;
  readonly port: number;
  readonly stateDir: string;
  readonly writer: ClickhouseCredentials;
  readonly process: SupervisedProcess;
  restart(): Promise<Endpoint>;
  remove(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

export interface Question {
  readonly sql?: string | Uint8Array<ArrayBuffer>;
  readonly url?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly as?: 'reader' | 'writer';
}

export async function startEndpoint(stateDir = mkdtempSync(join(tmpdir(), 'endpoint-'))): Promise<Endpoint> {
  const port = await choosePort({ name: 'the endpoint under test' });
  const writer = clickhouseWriter(stateDir);
  const process = await startClickhouse({
    dataDir: join(stateDir, 'clickhouse'),
    logFile: join(stateDir, 'clickhouse.log'),
    port,
    writer,
  });
  return {
    url: clickhouseUrl(port),
    port,
    stateDir,
    writer,
    process,
    restart: () => startEndpoint(stateDir),
    async remove() {
      await process.stop();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

export function basic({ username, password }: ClickhouseCredentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

export async function ask(endpoint: Endpoint, question: Question): Promise<Answer> {
  const url = new URL(endpoint.url);
  for (const [name, value] of Object.entries(question.url ?? {})) url.searchParams.set(name, value);
  const headers = new Headers(question.headers);
  if (question.as === 'writer') headers.set('authorization', basic(endpoint.writer));
  const method = question.method ?? (question.sql === undefined ? 'GET' : 'POST');
  const body = question.sql === undefined ? {} : { body: question.sql };
  const answer = await fetch(url, { method, headers, ...body });
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}
