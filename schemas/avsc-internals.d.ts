/**
 * The inner part of avsc 5.7.9 that `avro-bytes.ts` uses, its reading and writing position, and two methods of Node's
 * buffers that its typings leave out.
 *
 * Boundary: types only, and only what we call. The package versions are pinned; whoever moves them compares this first.
 */
interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> {
  utf8Slice(start: number, end: number): string;
  latin1Slice(start: number, end: number): string;
}

declare module 'avsc/lib/utils.js' {
  class Tap {
    constructor(memory: Buffer, at: number);
    buf: Buffer;
    pos: number;
    readLong(): number;
    readFixed(length: number): Buffer | undefined;
    writeLong(value: number): void;
    writeString(value: string): void;
  }
  const utils: { readonly Tap: typeof Tap };
  export = utils;
}
