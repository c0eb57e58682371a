/** The header of a file of the local cache: its form, and what it belongs to. */
import { crc32 } from '@node-rs/crc32';

const MAGIC = Buffer.from('ledgcach', 'latin1');
/** Another number for another form: the state is then read from the changelog once more. */
const FORMAT = 1;
/** Length and checksum of the text. */
const CHECKED_FROM = 8;
export const HEADER_BYTES_MAX = 4_096;

/** What a cache belongs to. */
export interface CacheIdentity {
  readonly service: string;
  readonly partition: number;
  readonly clusterId: string;
  /** Of the changelog: one that was made again under its name has another. */
  readonly topicId: string;
}

export function encodeHeader(identity: CacheIdentity): Buffer {
  const { service, partition, clusterId, topicId } = identity;
  const text = Buffer.from(JSON.stringify({ format: FORMAT, service, partition, clusterId, topicId }));
  const header = Buffer.alloc(MAGIC.length + CHECKED_FROM + text.length);
  MAGIC.copy(header);
  header.writeUInt32LE(text.length, MAGIC.length);
  header.writeUInt32LE(crc32(text), MAGIC.length + 4);
  text.copy(header, MAGIC.length + CHECKED_FROM);
  return header;
}

export type HeaderFault = 'other_format' | 'other_cluster' | 'other_topic' | 'other_place' | 'torn';

/** The length of the header when the file is one of this identity, else what is wrong with it. */
export function checkHeader(start: Buffer, identity: CacheIdentity): number | HeaderFault {
  if (start.length < MAGIC.length + CHECKED_FROM) return 'torn';
  if (!start.subarray(0, MAGIC.length).equals(MAGIC)) return 'other_format';
  const from = MAGIC.length + CHECKED_FROM;
  const length = start.readUInt32LE(MAGIC.length);
  const text = start.subarray(from, from + length);
  if (text.length < length) return 'torn';
  if (crc32(text) !== start.readUInt32LE(MAGIC.length + 4)) return 'torn';
  const found: Record<string, unknown> = JSON.parse(text.toString());
  if (found['format'] !== FORMAT) return 'other_format';
  if (found['service'] !== identity.service || found['partition'] !== identity.partition)
    return 'other_place';
  if (found['clusterId'] !== identity.clusterId) return 'other_cluster';
  return found['topicId'] === identity.topicId ? from + length : 'other_topic';
}
