/**
 * Values that are not held decoded, as bytes.
 *
 * Job: hold millions of encoded values in a few large buffers outside the heap, by small whole numbers (handles), so that
 * taking a task over costs neither decoding nor an object for each key.
 *
 * Invariants:
 *  1. Bytes are copied in and stay the same until the handle is replaced or released.
 *  2. Bytes of replaced and released values are given back once they are more than those in use: an uncompacted changelog
 *     of any length takes the memory of its live keys, twice at most.
 */
const CHUNK_BYTES = 4 * 1024 * 1024;
/** The first chunk is small, since most tables are; each of the next is twice as large up to CHUNK_BYTES. */
const FIRST_CHUNK_BYTES = 16 * 1024;
const HANDLES_MIN = 64;
/** Below this nothing is worth moving. */
const DEAD_BYTES_MIN = 4 * CHUNK_BYTES;
const FREE = 0xffff_ffff;

export class EncodedValues {
  #chunks: Buffer[] = [];
  #used = 0;
  #chunkOf = new Uint32Array(HANDLES_MIN);
  #startOf = new Uint32Array(HANDLES_MIN);
  #lengthOf = new Uint32Array(HANDLES_MIN);
  #handles = 0;
  #liveBytes = 0;
  #deadBytes = 0;

  add(bytes: Buffer): number {
    const handle = this.#handles;
    this.#handles += 1;
    if (handle === this.#chunkOf.length) this.#grow();
    this.#put(handle, bytes);
    return handle;
  }

  isHeld(handle: number): boolean {
    return this.#chunkOf[handle] !== FREE;
  }

  /** Also for a handle that was released. */
  replace(handle: number, bytes: Buffer): void {
    this.release(handle);
    this.#put(handle, bytes);
  }

  /** A view that is valid until the next change. */
  read(handle: number): Buffer {
    const chunk = this.#chunks[this.#chunkOf[handle] ?? FREE];
    if (chunk === undefined) throw new Error(`there is no value under handle ${handle}`);
    const start = this.#startOf[handle] ?? 0;
    return chunk.subarray(start, start + (this.#lengthOf[handle] ?? 0));
  }

  release(handle: number): void {
    const length = this.#lengthOf[handle] ?? 0;
    this.#chunkOf[handle] = FREE;
    this.#lengthOf[handle] = 0;
    this.#liveBytes -= length;
    this.#deadBytes += length;
    if (this.#deadBytes > DEAD_BYTES_MIN && this.#deadBytes > this.#liveBytes) this.#compact();
  }

  #put(handle: number, bytes: Buffer): void {
    const last = this.#chunks.at(-1);
    if (last === undefined || this.#used + bytes.length > last.length) {
      const chunkBytes = Math.min(CHUNK_BYTES, FIRST_CHUNK_BYTES * 2 ** this.#chunks.length);
      this.#chunks.push(Buffer.allocUnsafeSlow(Math.max(chunkBytes, bytes.length)));
      this.#used = 0;
    }
    const chunk = this.#chunks.length - 1;
    this.#chunks[chunk]?.set(bytes, this.#used);
    this.#chunkOf[handle] = chunk;
    this.#startOf[handle] = this.#used;
    this.#lengthOf[handle] = bytes.length;
    this.#used += bytes.length;
    this.#liveBytes += bytes.length;
  }

  /** Copies what is in use into new chunks; handles stay. */
  #compact(): void {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#used = 0;
    this.#liveBytes = 0;
    this.#deadBytes = 0;
    for (let handle = 0; handle < this.#handles; handle += 1) {
      const chunk = chunks[this.#chunkOf[handle] ?? FREE];
      if (chunk === undefined) continue;
      const start = this.#startOf[handle] ?? 0;
      this.#put(handle, chunk.subarray(start, start + (this.#lengthOf[handle] ?? 0)));
    }
  }

  #grow(): void {
    this.#chunkOf = grown(this.#chunkOf);
    this.#startOf = grown(this.#startOf);
    this.#lengthOf = grown(this.#lengthOf);
  }
}

function grown(numbers: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(numbers.length * 2);
  larger.set(numbers);
  return larger;
}
