/**
 * Text to UTF-8 in place. Keys, ids and header values are short and almost always ASCII, for which a loop is several times
 * faster than a call, and a buffer of their own would cost more than the text.
 *
 * Invariant: `writeContent` writes of a text exactly the bytes that `Buffer.from(text)` has.
 */

/** UTF-8 of one UTF-16 code unit takes at most so many bytes. */
const UNIT_BYTES_MAX = 3;
/** Up to here a loop is faster than a call. */
const SHORT_BYTES_MAX = 32;

/** Returns the place behind it. */
export function writeContent(target: Buffer, start: number, content: Buffer | string): number {
  if (typeof content === 'string') return writeText(target, start, content);
  if (content.length > SHORT_BYTES_MAX) target.set(content, start);
  else for (let at = 0; at < content.length; at += 1) target[start + at] = content[at] ?? 0;
  return start + content.length;
}

function writeText(target: Buffer, start: number, text: string): number {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) return start + target.write(text, start, 'utf8');
    target[start + at] = code;
  }
  return start + text.length;
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
  return typeof content === 'string' ? Buffer.byteLength(content) : content.length;
}

/** How many it will be at most, without looking at a text. */
export function sizeMaxOfContent(content: Buffer | string | null): number {
  if (content === null) return 0;
  return typeof content === 'string' ? UNIT_BYTES_MAX * content.length : content.length;
}
