/**
 * Kafka's framing, as far as a proxy must know it: where a frame ends, what it asks, and where an answer names a port.
 *
 * Boundary: bytes only. The head of a request is the same in every version; an answer that would have to be changed and is
 * of a version that the proxy does not know is an error, so that nobody gets around the proxy unseen.
 */

/** The requests a fault may be aimed at; all others pass as `other`. */
const APIS = {
  Produce: 0,
  Fetch: 1,
  Metadata: 3,
  FindCoordinator: 10,
  InitProducerId: 22,
  AddPartitionsToTxn: 24,
  AddOffsetsToTxn: 25,
  EndTxn: 26,
  TxnOffsetCommit: 28,
} as const satisfies Readonly<Record<string, number>>;

export type ApiName = keyof typeof APIS;

/** The requests of one transaction, in their order, by the version of transactions. */
export const TRANSACTION_APIS: Readonly<Record<1 | 2, readonly ApiName[]>> = {
  1: ['InitProducerId', 'AddPartitionsToTxn', 'AddOffsetsToTxn', 'Produce', 'TxnOffsetCommit', 'EndTxn'],
  2: ['InitProducerId', 'Produce', 'TxnOffsetCommit', 'EndTxn'],
};

const nameOfKey: ReadonlyMap<number, ApiName> = new Map([
  [APIS.Produce, 'Produce'],
  [APIS.Fetch, 'Fetch'],
  [APIS.Metadata, 'Metadata'],
  [APIS.FindCoordinator, 'FindCoordinator'],
  [APIS.InitProducerId, 'InitProducerId'],
  [APIS.AddPartitionsToTxn, 'AddPartitionsToTxn'],
  [APIS.AddOffsetsToTxn, 'AddOffsetsToTxn'],
  [APIS.EndTxn, 'EndTxn'],
  [APIS.TxnOffsetCommit, 'TxnOffsetCommit'],
]);

const sizeBytes = 4;
const replyBodyAt = 8;
/** Throttle time stands in front of the error code in the answers of all transaction requests. */
const throttleBytes = 4;
/** From this version on an answer to EndTxn has tags in its header: one byte where there are none. */
const endTxnFlexibleFrom = 3;
const metadataFlexibleFrom = 9;

export interface RequestHead {
  readonly api: ApiName | 'other';
  readonly version: number;
  readonly correlationId: number;
  readonly clientId: string;
}

/** Cuts a stream of bytes into frames; each still has its size in front. */
export class FrameSplitter {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): readonly Buffer[] {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Buffer[] = [];
    while (bytes.length >= sizeBytes) {
      const end = sizeBytes + bytes.readInt32BE(0);
      if (bytes.length < end) break;
      frames.push(bytes.subarray(0, end));
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
    return frames;
  }
}

export function requestHead(frame: Buffer): RequestHead {
  const clientIdLength = frame.readInt16BE(12);
  return {
    api: nameOfKey.get(frame.readInt16BE(4)) ?? 'other',
    version: frame.readInt16BE(6),
    correlationId: frame.readInt32BE(8),
    clientId: clientIdLength < 0 ? '' : frame.toString('utf8', 14, 14 + clientIdLength),
  };
}

export function replyCorrelationId(frame: Buffer): number {
  return frame.readInt32BE(sizeBytes);
}

/** The error code of an answer to EndTxn. */
export function endErrorOf(frame: Buffer, { version }: RequestHead): number {
  const tagBytes = version >= endTxnFlexibleFrom ? 1 : 0;
  return frame.readInt16BE(replyBodyAt + tagBytes + throttleBytes);
}

/** Writes the proxy's port over every address in the answer, in place: a port has a fixed length. */
export function advertise(frame: Buffer, asked: RequestHead, port: number): void {
  if (asked.api === 'Metadata') advertiseBrokers(frame, asked.version, port);
  if (asked.api === 'FindCoordinator') advertiseCoordinator(frame, asked.version, port);
}

function advertiseBrokers(frame: Buffer, version: number, port: number): void {
  if (version > 12) throw new Error(`Metadata ${version} is too new for the proxy`);
  if (version >= metadataFlexibleFrom) {
    advertiseBrokersFlexibly(frame, port);
    return;
  }
  let at = replyBodyAt + (version >= 3 ? 4 : 0);
  const brokers = frame.readInt32BE(at);
  at += 4;
  for (let index = 0; index < brokers; index += 1) {
    const portAt = behindString(frame, at + 4);
    frame.writeInt32BE(port, portAt);
    at = version >= 1 ? behindString(frame, portAt + 4) : portAt + 4;
  }
}

/** As our client asks for the ids of topics: no tags anywhere, and fewer brokers and shorter names than 127. */
function advertiseBrokersFlexibly(frame: Buffer, port: number): void {
  let at = replyBodyAt + 1 + throttleBytes;
  const brokers = frame.readUInt8(at) - 1;
  at += 1;
  for (let index = 0; index < brokers; index += 1) {
    const portAt = behindShortString(frame, at + 4);
    frame.writeInt32BE(port, portAt);
    at = behindShortString(frame, portAt + 4) + 1;
  }
}

function advertiseCoordinator(frame: Buffer, version: number, port: number): void {
  if (version > 2) throw new Error(`FindCoordinator ${version} is too new for the proxy`);
  const errorAt = replyBodyAt + (version >= 1 ? 4 : 0);
  if (frame.readInt16BE(errorAt) !== 0) return;
  const nodeAt = version >= 1 ? behindString(frame, errorAt + 2) : errorAt + 2;
  frame.writeInt32BE(port, behindString(frame, nodeAt + 4));
}

/** One more than the length, in one byte; 0 stands for none. */
function behindShortString(frame: Buffer, at: number): number {
  return at + Math.max(1, frame.readUInt8(at));
}

/** Strings have a length of two bytes in front; -1 stands for none. */
function behindString(frame: Buffer, at: number): number {
  return at + 2 + Math.max(0, frame.readInt16BE(at));
}
