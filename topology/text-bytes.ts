/**
 * Text to UTF-8 in place. Keys, ids and header values are short and almost always ASCII, for which a loop is several times
 * faster than a call, and a buffer of their own would cost more than the text.
 *
 * Invariant: `writeText` writes exactly the `textBytes(text)` bytes that `Buffer.from(text)` has.
 */

/** In UTF-8. */
export function textBytes(text: string): number {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7f) return Buffer.byteLength(text);
  return text.length;
}

/** `size` is what `textBytes` says. Returns the place behind the text. */
export function writeText(target: Buffer, start: number, text: string, size: number): number {
  if (size === text.length) {
    for (let at = 0; at < size; at += 1) target[start + at] = text.charCodeAt(at);
  } else target.write(text, start, 'utf8');
  return start + size;
}

/** What a record to be written has as text or bytes, as it will be read. */
export function bytesOf(content: Buffer | string): Buffer;
export function bytesOf(content: Buffer | string | null): Buffer | null;
export function bytesOf(content: Buffer | string | null): Buffer | null {
  return typeof content === 'string' ? Buffer.from(content) : content;
}

/** How many bytes that will be. */
export function sizeOfContent(content: Buffer | string | null): number {
  if (content === null) return 0;
  return typeof content === 'string' ? textBytes(content) : content.length;
}
