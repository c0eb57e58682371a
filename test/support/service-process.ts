/** A service as a process of its own that a test may stop, kill and freeze; what it logged can be read at any time. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { waitUntil } from '../../infra/embedded/wait.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const READY_TIMEOUT_MS = 30_000;

export interface ServiceProcess {
  /** Resolves with the exit code, or the signal that ended the process. */
  readonly ended: Promise<number | NodeJS.Signals>;
  output(): string;
  /** Resolves when every partition was acquired; fails with the log when the process ended before. */
  ready(): Promise<void>;
  signal(name: NodeJS.Signals): void;
}

export function startServiceProcess(name: string, env: Readonly<Record<string, string>>): ServiceProcess {
  const child = spawn(process.execPath, [join('services', name, 'main.ts')], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
  }
  const ended = once(child, 'close').then(() => child.exitCode ?? child.signalCode ?? -1);
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    ended,
    output: () => output,
    async ready() {
      const isReady = async (): Promise<boolean> => isOver() || output.includes('"ready":true');
      await waitUntil(isReady, { timeoutMs: READY_TIMEOUT_MS });
      if (!output.includes('"ready":true')) throw new Error(`${name} did not become ready:\n${output}`);
    },
    signal(signal) {
      if (!isOver()) child.kill(signal);
    },
  };
}
