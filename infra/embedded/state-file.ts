/**
 * The file in a state folder that says where its stack listens: read by the command line to find a running stack,
 * and by the next start to use the same ports again.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type ClickhouseCredentials, clickhouseWriter } from './clickhouse.ts';
import { lockHolder } from './lock.ts';
import { processMarkSchema } from './process-mark.ts';

const portSchema = z.number().int().min(1).max(65_535);

const stateSchema = z.object({
  pid: z.number().int().positive(),
  /** False while the stack starts: the addresses are chosen, but not everything answers yet. */
  ready: z.boolean(),
  kafkaBrokers: z.string(),
  schemaRegistryUrl: z.string(),
  clickhouseUrl: z.string(),
  ports: z.object({
    kafka: portSchema.optional(),
    kafkaController: portSchema.optional(),
    registry: portSchema.optional(),
    clickhouse: portSchema.optional(),
  }),
  parts: z.array(
    z.object({ name: z.string(), embedded: z.boolean(), process: processMarkSchema.nullable() }),
  ),
});

export type StackState = z.infer<typeof stateSchema>;
export type StackPorts = StackState['ports'];

export interface RunningStack extends StackState {
  readonly clickhouseWriter: ClickhouseCredentials;
}

export function lockFile(stateDir: string): string {
  return join(stateDir, 'stack.lock');
}

function stateFile(stateDir: string): string {
  return join(stateDir, 'stack.json');
}

export function writeState(stateDir: string, state: StackState): void {
  const partial = `${stateFile(stateDir)}.partial`;
  writeFileSync(partial, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(partial, stateFile(stateDir));
}

/** What the file says, whether or not that stack still runs; null when there is none to read. */
export function readState(stateDir: string): StackState | null {
  try {
    return stateSchema.parse(JSON.parse(readFileSync(stateFile(stateDir), 'utf8')));
  } catch {
    return null;
  }
}

/** The live stack of a state folder, or null. A file left behind by a stack that died is not a running stack. */
export function readRunningStack(stateDir: string): RunningStack | null {
  const holder = lockHolder(lockFile(stateDir));
  const state = readState(stateDir);
  if (holder === null || state === null || state.pid !== holder.pid || !state.ready) return null;
  return { ...state, clickhouseWriter: writerFor(stateDir, state) };
}

/** The writer of the embedded server, or the one named in the address of somebody else's. */
export function writerFor(
  stateDir: string,
  state: Pick<StackState, 'parts' | 'clickhouseUrl'>,
): ClickhouseCredentials {
  const embedded = state.parts.some((part) => part.name === 'clickhouse' && part.embedded);
  return embedded ? clickhouseWriter(stateDir) : credentialsIn(state.clickhouseUrl);
}

function credentialsIn(address: string): ClickhouseCredentials {
  const url = new URL(address);
  return {
    username: decodeURIComponent(url.username) || 'default',
    password: decodeURIComponent(url.password),
  };
}
