/** A key as a part of a buffer, for millions of keys that need not become strings. */
export interface KeyBytes {
  readonly key: Buffer;
  readonly start: number;
  readonly end: number;
}

export function keyBytes(text: string): KeyBytes {
  const key = Buffer.from(text);
  return { key, start: 0, end: key.length };
}
