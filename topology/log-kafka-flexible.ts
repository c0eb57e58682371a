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

export async function askFlexibly(
  client: KafkaClient,
  request: FlexibleRequest & { readonly broker: number },
  writeBody: (writer: WireWriter) => void,
): Promise<WireReader> {
  const { broker, apiKey, apiVersion, apiName } = request;
  const lane = await client.lane(broker, 'requests');
  const writer = new WireWriter();
  const start = beginFrame(writer, { apiKey, apiVersion, clientId: client.options.clientId });
  writer.noTags();
  writeBody(writer);
  writer.noTags();
  const reader = new WireReader(await lane.send({ frame: endFrame(writer, start), apiKey, apiName }));
  reader.skipTags();
  return reader;
}
