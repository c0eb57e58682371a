/**
 * Job: send a request of a flexible version and hand back its body.
 *
 * Boundary: kafkajs does not know these requests; what is inside them belongs to their callers.
 */
import type { KafkaClient } from './log-kafka-client.ts';
import { beginFrame, endFrame } from './log-kafka-frame.ts';
import { WireReader, WireWriter } from './log-kafka-wire.ts';

export interface FlexibleRequest {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly apiName: string;
}

type Asked = FlexibleRequest & { readonly broker: number };

export async function askFlexibly(
  client: KafkaClient,
  request: Asked,
  writeBody: (writer: WireWriter) => void,
): Promise<WireReader> {
  const reader = await askWithPlainAnswer(client, request, writeBody);
  reader.skipTags();
  return reader;
}

/** As `askFlexibly`, for a request whose answer has no tags in its header. */
export async function askWithPlainAnswer(
  client: KafkaClient,
  { broker, apiKey, apiVersion, apiName }: Asked,
  writeBody: (writer: WireWriter) => void,
): Promise<WireReader> {
  const lane = await client.lane(broker, 'requests');
  const writer = new WireWriter();
  const start = beginFrame(writer, { apiKey, apiVersion, clientId: client.options.clientId });
  writer.noTags();
  writeBody(writer);
  writer.noTags();
  return new WireReader(await lane.send({ frame: endFrame(writer, start), apiKey, apiName }));
}
