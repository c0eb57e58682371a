/**
 * Where avsc is in its bytes, as our own types use it, and the faults they raise.
 *
 * Boundary: avsc hands a tap to the `_read`, `_write` and `_skip` of a type; its typings do not mention it. A tap never
 * fails at its end, it moves past it; `avro-bytes.ts`, which makes them, looks at the position afterwards.
 */

export interface Tap {
  readonly buf: Buffer;
  pos: number;
  readLong(): number;
  writeLong(value: number): void;
  writeString(value: string): void;
}

/** What reads has an end of its own: behind it lie other records. */
export interface ReadingTap extends Tap {
  readonly end: number;
}

/** Arrays within arrays, in our records only the children of a criterion. */
export const NESTING_DEPTH_MAX = 64;

export type DecodeFaultCode = 'undecodable' | 'number_out_of_range';

export class DecodeFault extends Error {
  readonly code: DecodeFaultCode;

  constructor(code: DecodeFaultCode, message: string) {
    super(message);
    this.name = 'DecodeFault';
    this.code = code;
  }
}

let depth = 0;

/** Every read and write starts here, because a fault leaves the count where it was. */
export function resetDepth(): void {
  depth = 0;
}

/** Adds 1 on the way into an array and -1 on the way out. */
export function moveDepth(by: 1 | -1): void {
  depth += by;
  if (depth > NESTING_DEPTH_MAX) {
    throw new DecodeFault('undecodable', `arrays are nested more than ${NESTING_DEPTH_MAX} deep`);
  }
}
