/**
 * Job: ask a cluster which version of transactions it works with.
 *
 * Boundary: a question; what follows from the answer is in `log-kafka-transaction-requests.ts`.
 *
 * Invariant: version 2 is used only where the cluster has finalized it, because then every broker of it speaks it, now
 * and after any restart. A broker that does not know the question (before 2.4), or the feature (before 4.0), works with
 * version 1.
 */
import type { KafkaClient } from './log-kafka-client.ts';
import { errorOfCode } from './log-kafka-errors.ts';
import { askWithPlainAnswer } from './log-kafka-flexible.ts';
import type { TransactionVersion } from './log-kafka-transaction-requests.ts';
import type { WireReader } from './log-kafka-wire.ts';

const apiVersions = { apiKey: 18, apiVersion: 3, apiName: 'ApiVersions' } as const;
const software = { name: 'outcome-ledger', version: '1' } as const;
const unsupportedVersion = 35;
const feature = 'transaction.version';
const finalizedFeaturesTag = 2;

export async function transactionVersionOf(client: KafkaClient, broker: number): Promise<TransactionVersion> {
  const reader = await askWithPlainAnswer(client, { broker, ...apiVersions }, (writer) => {
    writer.compactString(software.name);
    writer.compactString(software.version);
  });
  return finalizedLevel(reader) >= 2 ? 2 : 1;
}

/** The header of this answer has no tags, whatever its version, so that a client of any age can read the refusal. */
function finalizedLevel(reader: WireReader): number {
  const errorCode = reader.int16();
  if (errorCode === unsupportedVersion) return 0;
  if (errorCode !== 0) throw errorOfCode(errorCode, 'ApiVersions');
  reader.compactArray(() => {
    reader.at += 6;
    reader.skipTags();
  });
  reader.int32();
  for (let tags = reader.uvarint(); tags > 0; tags -= 1) {
    const tag = reader.uvarint();
    const end = reader.uvarint() + reader.at;
    if (tag === finalizedFeaturesTag) return levelIn(reader);
    reader.at = end;
  }
  return 0;
}

function levelIn(reader: WireReader): number {
  const levels = reader.compactArray(() => {
    const name = reader.compactString();
    const level = reader.int16();
    reader.int16();
    reader.skipTags();
    return name === feature ? level : 0;
  });
  return Math.max(0, ...levels);
}
