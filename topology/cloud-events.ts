/**
 * CloudEvents 1.0 headers, binary mode, for the records a service writes.
 *
 * The id names the step and the place in it, so it is the same when the step is replayed. Everything but the id is
 * encoded once per service and record type.
 */
import type { RecordName } from '../schemas/generated/record-types.ts';
import type { Header, OutgoingRecord } from './log.ts';
import { fullNameOf } from './subjects.ts';
import type { ServiceName } from './topics.ts';

export const SPEC_VERSION: Header = ['ce_specversion', Buffer.from('1.0')];
export const CONTENT_TYPE: Header = ['content-type', Buffer.from('application/vnd.apache.avro')];

const fixedHeaders = new Map<ServiceName, Map<RecordName, readonly Header[]>>();

/** The same array each time, so that the log writes it once. */
function fixed(service: ServiceName, record: RecordName): readonly Header[] {
  const ofService = fixedHeaders.get(service) ?? new Map<RecordName, readonly Header[]>();
  if (ofService.size === 0) fixedHeaders.set(service, ofService);
  const known = ofService.get(record);
  if (known !== undefined) return known;
  const source: Header = ['ce_source', Buffer.from(`/outcome-ledger/${service}`)];
  const type: Header = ['ce_type', Buffer.from(fullNameOf(record))];
  const headers = [SPEC_VERSION, CONTENT_TYPE, source, type];
  ofService.set(record, headers);
  return headers;
}

export function outputHeaders(
  service: ServiceName,
  step: { readonly partition: number; readonly step: number },
): (record: RecordName, index: number) => Required<Pick<OutgoingRecord, 'headers' | 'sharedHeaders'>> {
  const prefix = `${service}/${step.partition}/${step.step}/`;
  return (record, index) => ({
    headers: [['ce_id', `${prefix}${index}`]],
    sharedHeaders: fixed(service, record),
  });
}
