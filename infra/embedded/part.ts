/**
 * One part of the stack: embedded and supervised, or somebody else's server that is only pointed at.
 *
 * 1. A part that ends by itself is started again, a limited number of times in a row.
 * 2. A part that was killed through `kill` stays down until `restart`, so that tests of failure are in charge.
 */
import type { SupervisedProcess } from './process.ts';

export interface Part {
  readonly name: string;
  readonly embedded: boolean;
  /** The process now running, or null when there is none or it is not ours. */
  readonly pid: number | null;
  /** Stops the part if it runs and starts it on the same state and port. */
  restart(): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export interface EmbeddedPart extends Part {
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface EmbeddedPartSpec {
  readonly name: string;
  start(): Promise<SupervisedProcess>;
  /** Told after every start and end, so that the state file can be kept right. */
  onChange(): void;
  onProgress(line: string): void;
}

const selfRestartsMax = 3;

export function externalPart(name: string): Part {
  const notOurs = async (): Promise<void> => {
    throw new Error(`${name} was given by its address, so this stack can neither stop nor start it.`);
  };
  return { name, embedded: false, pid: null, restart: notOurs, kill: notOurs };
}

export function embeddedPart(spec: EmbeddedPartSpec): EmbeddedPart {
  let current: SupervisedProcess | null = null;
  let starting: Promise<void> | null = null;
  let noticed: Promise<void> = Promise.resolve();
  let wanted = false;
  let selfRestarts = 0;

  function start(): Promise<void> {
    wanted = true;
    starting = startNow();
    return starting;
  }

  async function startNow(): Promise<void> {
    const started = await spec.start();
    current = started;
    spec.onChange();
    noticed = started.exited.then((how) => ended(started, how));
  }

  async function ended(process: SupervisedProcess, how: string): Promise<void> {
    if (current !== process) return;
    current = null;
    spec.onChange();
    if (!wanted) return;
    selfRestarts += 1;
    if (selfRestarts > selfRestartsMax) {
      spec.onProgress(
        `${spec.name} ended again (${how}); it was started ${selfRestartsMax} times and is left down.`,
      );
      return;
    }
    spec.onProgress(`${spec.name} ended (${how}) and is started again.`);
    await start().catch((error: unknown) => spec.onProgress(`${spec.name}: ${String(error)}`));
  }

  /** A start under way is waited for, so that nothing comes up behind a stop. */
  async function stop(): Promise<void> {
    wanted = false;
    await starting?.catch(() => undefined);
    if (current === null) return;
    await current.stop();
    await noticed;
  }

  return {
    name: spec.name,
    embedded: true,
    get pid() {
      return current?.isRunning() ? current.pid : null;
    },
    start,
    stop,
    async restart() {
      await stop();
      selfRestarts = 0;
      await start();
    },
    async kill(signal) {
      wanted = false;
      const killed = current;
      await killed?.kill(signal);
      if (killed?.isRunning() === false) await noticed;
    },
  };
}
