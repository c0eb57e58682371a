/** Bytes that lie among others, so that whoever looks at them needs no buffer of their own. */
export interface Extent {
  readonly memory: Buffer;
  readonly from: number;
  readonly to: number;
}

/** Of a buffer all of it. */
export function extentOf(bytes: Buffer | Extent): Extent {
  return Buffer.isBuffer(bytes) ? { memory: bytes, from: 0, to: bytes.length } : bytes;
}

/** A buffer that ends where the extent does; it shares the memory. */
export function viewOf({ memory, from, to }: Extent): Buffer {
  return memory.subarray(from, to);
}
