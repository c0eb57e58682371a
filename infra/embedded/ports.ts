/**
 * Chooses loopback ports for the embedded servers.
 *
 * 1. A port somebody asked for is used or refused, never silently replaced.
 * 2. A remembered port is used again while it is free, because the broker tells its clients that port.
 * 3. New ports come from below the range the kernel gives to outgoing connections, so that a restart finds them free.
 */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

export const LOOPBACK = '127.0.0.1';

const firstPort = 20_000;
const lastPort = 29_999;
const attemptsMax = 200;

export interface PortWish {
  /** For whom the port is, as the error message names it. */
  readonly name: string;
  readonly given?: number | undefined;
  readonly remembered?: number | undefined;
}

export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: LOOPBACK, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** Ports in `taken` are avoided, so that one stack never gives the same port to two of its parts. */
export async function choosePort(wish: PortWish, taken: ReadonlySet<number> = new Set()): Promise<number> {
  if (wish.given !== undefined) {
    if (taken.has(wish.given) || !(await isPortFree(wish.given))) {
      throw new Error(
        `Port ${wish.given} for ${wish.name} is in use. Stop what holds it or choose another port.`,
      );
    }
    return wish.given;
  }
  if (wish.remembered !== undefined && !taken.has(wish.remembered) && (await isPortFree(wish.remembered))) {
    return wish.remembered;
  }
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const port = randomInt(firstPort, lastPort + 1);
    if (!taken.has(port) && (await isPortFree(port))) return port;
  }
  throw new Error(`No free port between ${firstPort} and ${lastPort} was found for ${wish.name}.`);
}
