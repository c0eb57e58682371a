/**
 * The part of avsc's reading and writing position that our own types use, and the faults they raise.
 *
 * Boundary: avsc hands a tap to the `_read`, `_write` and `_skip` of a type; its typings do not mention it. A tap never
 * fails at the end of its buffer, it moves past it; whoever starts a read checks the position afterwards.
 */

export interface Tap {
  readonly buf: Buffer & {
    utf8Slice(start: number, end: number): string;
    latin1Slice(start: number, end: number): string;
  };
  pos: number;
  readLong(): number;
  writeLong(value: number): void;
  writeString(value: string): void;
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

/** Every encode and decode starts here, because a fault leaves the count where it was. */
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
