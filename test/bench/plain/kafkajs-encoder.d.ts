/** The shape of the record-batch encoder inside kafkajs 2.2.4, which its producer uses and does not export. */
declare module 'kafkajs/src/protocol/recordBatch/v0/index.js' {
  export function RecordBatch(batch: {
    readonly firstTimestamp: number;
    readonly maxTimestamp: number;
    readonly partitionLeaderEpoch: number;
    readonly lastOffsetDelta: number;
    readonly transactional: boolean;
    readonly producerId: number;
    readonly producerEpoch: number;
    readonly firstSequence: number;
    readonly records: readonly unknown[];
  }): Promise<{ readonly buffer: Buffer }>;
}

declare module 'kafkajs/src/protocol/recordBatch/record/v0/index.js' {
  function record(record: {
    readonly offsetDelta: number;
    readonly timestampDelta: number;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers: Readonly<Record<string, Buffer>>;
  }): unknown;
  export = record;
}
