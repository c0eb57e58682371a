/**
 * The body of a request: collected up to a limit and unpacked, because the engine takes a statement whole.
 */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import type { Account } from './accounts.ts';
import { FAILURES } from './exception.ts';

/** A reader sends statements, the writer sends rows behind them. */
const readerBodyBytesMax = 1024 * 1024;
const writerBodyBytesMax = 256 * 1024 * 1024;

type Unpack = (packed: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const unpackers: Readonly<Record<string, Unpack>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
};

export async function readBody(request: IncomingMessage, account: Account): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? '').trim().toLowerCase();
  const unpack = unpackerFor(encoding, account);
  const bytesMax = account.mayWrite ? writerBodyBytesMax : readerBodyBytesMax;
  const body = await collect(request, bytesMax);
  if (unpack === null || body.length === 0) return body;
  try {
    return await unpack(body, { maxOutputLength: bytesMax });
  } catch (error) {
    if (error instanceof RangeError)
      throw FAILURES.tooLarge(`The unpacked body is larger than ${bytesMax} bytes.`);
    throw FAILURES.cannotDecompress(
      `The body is not valid ${encoding}: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** Known from the headers alone, so that a body nobody can read is refused before it is sent in full. */
function unpackerFor(encoding: string, account: Account): Unpack | null {
  if (encoding === '' || encoding === 'identity') return null;
  const unpack = unpackers[encoding];
  if (unpack !== undefined) return unpack;
  if (!account.mayWrite) {
    throw FAILURES.readOnly(
      `${account.name}: Cannot execute query in readonly mode. A body in "${encoding}" encoding is an insert, and this user only reads.`,
    );
  }
  throw FAILURES.unknownCompression(
    `The body encoding "${encoding}" is not supported: use gzip, deflate, br, zstd or none.`,
  );
}

async function collect(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > bytesMax) throw FAILURES.tooLarge(`The body is larger than ${bytesMax} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * A form with a part named query and parts named param_x, which is how long parameters travel.
 * The parts are added to the URL's, where everything else looks for them.
 */
export async function readForm(body: Buffer, contentType: string, url: URLSearchParams): Promise<void> {
  const form = await new Response(new Uint8Array(body), {
    headers: { 'content-type': contentType },
  }).formData();
  for (const [name, value] of form) {
    url.set(name, typeof value === 'string' ? value : await value.text());
  }
}
