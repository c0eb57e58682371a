/**
 * What a step writes, written where it is made: packed for its batch, and digested.
 *
 * Boundary: bytes; what is written, and in which order, the step says. Outputs come before state (`digest` covers outputs
 * alone).
 */
import { encodeFramedAt } from '../schemas/codec.ts';
import type { RecordName, RecordTypes } from '../schemas/generated/record-types.ts';
import type { SchemaDirectory } from '../schemas/schema-directory.ts';
import { outputHeaders } from './cloud-events.ts';
import { type DigestedOutput, OutputDigest } from './digest.ts';
import type { OutgoingHeader } from './log.ts';
import { type PackMemory, type RecordPack, RecordPacker, transactionRecordBytesMax } from './record-pack.ts';
import type { ServiceName } from './topics.ts';

export interface OutputPlace {
  readonly service: ServiceName;
  readonly partition: number;
  readonly step: number;
  readonly directory: SchemaDirectory;
}

/** What takes the outputs of a step into account. */
export interface Digesting {
  add(output: Omit<DigestedOutput, 'value'>, memory: Buffer, range: { from: number; to: number }): void;
  end(): Buffer;
}

export class StepOutputs {
  readonly packer: RecordPacker;
  readonly #place: OutputPlace;
  readonly #headers: ReturnType<typeof outputHeaders>;
  readonly #digest: Digesting;
  #count = 0;

  constructor(place: OutputPlace, memory?: PackMemory, digest: Digesting = new OutputDigest()) {
    this.packer = new RecordPacker(transactionRecordBytesMax, memory);
    this.#place = place;
    this.#headers = outputHeaders(place.service, place);
    this.#digest = digest;
  }

  get count(): number {
    return this.#count;
  }

  write<N extends RecordName>(
    topic: string,
    name: N,
    { key, value }: { readonly key: Buffer | string; readonly value: RecordTypes[N] },
  ): void {
    const { partition, directory } = this.#place;
    const pack = this.packer.open(topic, partition);
    const from = pack.begin(key);
    const to = encodeInto(pack, from, { name, value, schemaId: directory.idOf(name) });
    this.#digest.add({ topic, key }, pack.buffer, { from, to });
    const { headers, sharedHeaders } = this.#headers(name, this.#count);
    pack.end(to, headers, sharedHeaders);
    this.packer.ended(pack);
    this.#count += 1;
  }

  /** Ends the outputs; what comes after them is no part of it. */
  digest(): Buffer {
    return this.#digest.end();
  }
}

export interface FramedRecord<N extends RecordName> {
  readonly topic: string;
  readonly partition: number;
  readonly key: Buffer | string | null;
  readonly name: N;
  /** Undefined for a tombstone. */
  readonly value: RecordTypes[N] | undefined;
  readonly schemaId: number;
  readonly headers?: readonly OutgoingHeader[];
}

/** Writes a record that is no output: state, checkpoint, step. */
export function packFramed<N extends RecordName>(packer: RecordPacker, record: FramedRecord<N>): void {
  const { topic, partition, key, name, value, schemaId, headers } = record;
  const pack = packer.open(topic, partition);
  const at = pack.begin(key);
  pack.end(value === undefined ? null : encodeInto(pack, at, { name, value, schemaId }), headers);
  packer.ended(pack);
}

/** Returns where the value ends. */
function encodeInto<N extends RecordName>(
  pack: RecordPack,
  at: number,
  framed: { readonly name: N; readonly value: RecordTypes[N]; readonly schemaId: number },
): number {
  for (;;) {
    const end = encodeFramedAt(framed, pack.buffer, at);
    if (end >= 0) return end;
    pack.grow(-end);
  }
}
