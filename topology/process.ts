/**
 * The frames of a service process: stop on SIGTERM or SIGINT, exit non-zero with one clear line when the service fails.
 * `runProcess` is for processors, which run until told to stop; `serveProcess` for what listens and is then stopped.
 */
import { flushCompileCache } from 'node:module';
import pino, { type Logger } from 'pino';
import type { AnyProcessor } from './processor.ts';
import { runService } from './service.ts';

/** Where NODE_COMPILE_CACHE asks for it, what was compiled is kept for the next start; one that is killed keeps nothing itself. */
const COMPILED_KEPT_AFTER_MS = 5_000;

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
  setTimeout(flushCompileCache, COMPILED_KEPT_AFTER_MS).unref();
  try {
    await runService(processor, host.env, stopping.signal);
  } catch (error) {
    pino({ base: { service: processor.service } }).fatal({ err: error }, 'the service ended');
    host.exitCode = 1;
  }
}

/** `start` resolves with what stops the server again; a second signal while it is stopping changes nothing. */
export async function serveProcess(
  logger: Logger,
  start: () => Promise<() => Promise<void>>,
  host: HostProcess & { exit(code: number): never },
): Promise<void> {
  try {
    const stopOnce = stopper(await start(), { logger, host });
    host.once('SIGTERM', stopOnce);
    host.once('SIGINT', stopOnce);
  } catch (error) {
    logger.fatal({ err: error }, `the ${String(logger.bindings()['service'])} did not start`);
    host.exit(1);
  }
}

function stopper(
  stop: () => Promise<void>,
  { logger, host }: { readonly logger: Logger; readonly host: HostProcess },
): () => void {
  let isStopping = false;
  return () => {
    if (isStopping) return;
    isStopping = true;
    stop().then(
      () => logger.info('stopped'),
      (error: unknown) => {
        logger.fatal({ err: error }, 'stopping failed');
        host.exitCode = 1;
      },
    );
  };
}
