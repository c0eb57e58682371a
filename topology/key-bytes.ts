/** A key as bytes, for millions of keys that need not become strings. */
import { type Extent, extentOf } from '../schemas/extent.ts';

export function keyBytes(text: string): Extent {
  return extentOf(Buffer.from(text));
}
