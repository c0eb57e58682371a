/**
 * One supervised child process: started, waited for by its own protocol, logged to a file, stopped for good.
 *
 * Boundary: knows processes, nothing about what runs in them.
 *
 * 1. `start` returns only when the child answers its health check, or throws with the end of its log.
 * 2. A child never outlives its parent, not even when the parent is killed: a shell that holds the other end of a
 *    pipe sees the parent go and ends the child.
 * 3. A child lives in a process group of its own, so Ctrl-C in a terminal reaches the parent only, which stops
 *    its children in order.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { settlesWithin, waitUntil } from './wait.ts';

export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly logFile: string;
  /** Asks the child in its own protocol whether it can serve. */
  readonly healthy: () => Promise<boolean>;
  readonly startTimeoutMs?: number;
  readonly stopTimeoutMs?: number;
  /** Niceness above zero lets others go first when the cores are short. */
  readonly niceness?: number;
}

export interface SupervisedProcess {
  readonly pid: number;
  /** Resolves when the child is gone, for whatever reason, with a few words on how it ended. */
  readonly exited: Promise<string>;
  isRunning(): boolean;
  /** SIGTERM, then SIGKILL when the child has not gone within its stop limit. */
  stop(): Promise<void>;
  /** Sends one signal; a deadly one is waited for. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

const startTimeoutDefaultMs = 90_000;
const stopTimeoutDefaultMs = 20_000;
const killTimeoutMs = 10_000;
const logTailLines = 15;
const sessionPauseMs = 130;

/** Reads until its input ends, which is when the parent is gone, then ends the child it was told to guard. */
const watchdogScript =
  'read -r word && exit 0; kill -TERM "$1" 2>/dev/null || exit 0; ' +
  'n=0; while kill -0 "$1" 2>/dev/null && [ $n -lt 50 ]; do sleep 0.1; n=$((n+1)); done; kill -KILL "$1" 2>/dev/null';

const deadlySignals: ReadonlySet<NodeJS.Signals> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGABRT']);

export async function startProcess(spec: ProcessSpec): Promise<SupervisedProcess> {
  const child = spawnLogged(spec);
  const exited = exitOf(child);
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${spec.name} could not be started: ${await exited}.`);
  if (spec.niceness !== undefined) {
    setPriority(pid, spec.niceness);
    void yieldToOthers(child, pid, spec.niceness);
  }
  const watchdog = guard(pid);
  void exited.then(() => watchdog.stdin?.end('done\n'));

  const supervised = supervise({ spec, child, pid, exited });
  await waitForHealth(spec, supervised);
  return supervised;
}

/**
 * A child has a session of its own, and Linux as a rule shares the cores among sessions first: the niceness of a process then
 * counts within its session alone, and that of the session is another number (sched(7), autogroup). Who may not set that, or
 * has no such sessions, has children that yield less; nothing else changes.
 */
async function yieldToOthers(child: ChildProcess, pid: number, niceness: number): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    try {
      await writeFile(`/proc/${pid}/autogroup`, String(niceness));
      return;
    } catch (error) {
      // Whoever is not root may set one in a tenth of a second.
      const isTooSoon = error instanceof Error && 'code' in error && error.code === 'EAGAIN';
      if (!isTooSoon) return;
      await pause(sessionPauseMs);
    }
  }
}

function spawnLogged(spec: ProcessSpec): ChildProcess {
  mkdirSync(dirname(spec.logFile), { recursive: true });
  if (existsSync(spec.logFile)) renameSync(spec.logFile, `${spec.logFile}.1`);
  const log = openSync(spec.logFile, 'a', 0o600);
  try {
    return spawn(spec.command, [...spec.args], {
      cwd: spec.cwd,
      env: { ...process.env, ...spec.env },
      detached: true,
      stdio: ['ignore', log, log],
    });
  } finally {
    closeSync(log);
  }
}

/** The watchdog is released with a word when the child ends by itself, so it never signals a pid somebody else got. */
function guard(pid: number): ChildProcess {
  const watchdog = spawn('/bin/sh', ['-c', watchdogScript, 'watchdog', String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.on('error', () => undefined);
  watchdog.stdin?.on('error', () => undefined);
  watchdog.unref();
  return watchdog;
}

async function exitOf(child: ChildProcess): Promise<string> {
  try {
    await once(child, 'exit');
    return child.signalCode === null ? `exit code ${child.exitCode}` : `signal ${child.signalCode}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

interface Running {
  readonly spec: ProcessSpec;
  readonly child: ChildProcess;
  readonly pid: number;
  readonly exited: Promise<string>;
}

function supervise({ spec, child, pid, exited }: Running): SupervisedProcess {
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    pid,
    exited,
    isRunning,
    async stop() {
      if (!isRunning()) return;
      child.kill('SIGTERM');
      if (await settlesWithin(exited, spec.stopTimeoutMs ?? stopTimeoutDefaultMs)) return;
      child.kill('SIGKILL');
      if (await settlesWithin(exited, killTimeoutMs)) return;
      throw new Error(`${spec.name} (pid ${pid}) did not end within ${killTimeoutMs} ms of SIGKILL.`);
    },
    async kill(signal) {
      if (!isRunning()) return;
      child.kill(signal);
      if (deadlySignals.has(signal)) await settlesWithin(exited, spec.stopTimeoutMs ?? stopTimeoutDefaultMs);
    },
  };
}

async function waitForHealth(spec: ProcessSpec, supervised: SupervisedProcess): Promise<void> {
  const timeoutMs = spec.startTimeoutMs ?? startTimeoutDefaultMs;
  let healthy = false;
  await waitUntil(
    async () => {
      if (!supervised.isRunning()) return true;
      healthy = await spec.healthy();
      return healthy;
    },
    { timeoutMs },
  );
  if (healthy && supervised.isRunning()) return;
  const reason = supervised.isRunning()
    ? `did not answer within ${timeoutMs} ms`
    : `ended with ${await supervised.exited}`;
  await supervised.stop();
  throw new Error(`${spec.name} ${reason}. The end of ${spec.logFile}:\n${logTail(spec.logFile)}`);
}

function logTail(file: string): string {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.slice(-logTailLines).join('\n');
}
