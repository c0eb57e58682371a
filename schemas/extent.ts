/** Bytes that lie among others, so that whoever looks at them needs no buffer of their own. */
export interface Extent {
  readonly memory: Buffer;
  readonly from: number;
  readonly to: number;
}

/** All of a buffer. */
export function extentOf(memory: Buffer): Extent {
  return { memory, from: 0, to: memory.length };
}
