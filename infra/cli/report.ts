/**
 * What every command gives back, and the exit codes that people may rely on.
 *
 * Invariants:
 *  1. `data` survives JSON without loss: amounts are decimal text, instants RFC 3339, never a bigint or a Buffer.
 *  2. `render` shows nothing that `data` does not hold.
 */
export interface Report {
  readonly data: unknown;
  readonly exitCode: ExitCode;
  /** For people; called only when no machine output was asked for. */
  render(): string;
}

export const EXIT = {
  ok: 0,
  /** A check failed, or data was refused. */
  failed: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** The broker, the registry, ClickHouse or the gateway does not answer. */
  unreachable: 3,
  internal: 4,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
