/**
 * The frame of a service process: stop on SIGTERM or SIGINT, exit non-zero with one clear line when the service fails.
 */
import pino from 'pino';
import type { AnyProcessor } from './processor.ts';
import { runService } from './service.ts';

interface HostProcess {
  readonly env: NodeJS.ProcessEnv;
  exitCode?: number | string | null | undefined;
  once(event: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
}

export async function runProcess(processor: AnyProcessor, host: HostProcess): Promise<void> {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  host.once('SIGTERM', stop);
  host.once('SIGINT', stop);
  try {
    await runService(processor, host.env, stopping.signal);
  } catch (error) {
    pino({ base: { service: processor.service } }).fatal({ err: error }, 'the service ended');
    host.exitCode = 1;
  }
}
