/**
 * Whether anything listens at one of the brokers' addresses.
 *
 * The client asks many times before it gives up, which is right for a service and too long for a person; so the
 * command line knocks once before it opens the client.
 */
import { connect } from 'node:net';
import { unreachable } from './cli-error.ts';

const TIMEOUT_MS = 3_000;

/** Resolves as soon as one address takes a connection; rejects when none does. */
export async function probeBrokers(brokers: readonly string[]): Promise<void> {
  try {
    await Promise.any(brokers.map(knock));
  } catch (cause) {
    const reasons = cause instanceof AggregateError ? cause.errors.map(String).join('; ') : String(cause);
    throw unreachable('broker', new Error(reasons));
  }
}

function knock(broker: string): Promise<void> {
  const colon = broker.lastIndexOf(':');
  const host = broker.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = Number(broker.slice(colon + 1));
  return new Promise((resolve, reject) => {
    if (colon < 1 || !Number.isInteger(port) || port < 1 || port > 65_535) {
      reject(new Error(`${broker} is not host:port`));
      return;
    }
    const socket = connect({ host, port, timeout: TIMEOUT_MS });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
    socket.once('timeout', () => {
      socket.destroy();
      reject(new Error(`${broker} does not answer within ${TIMEOUT_MS / 1_000} s`));
    });
  });
}
