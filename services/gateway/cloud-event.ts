/**
 * Job: take a use out of a CloudEvent in structured mode.
 *
 * The envelope fills what the data leaves out: `id` is the request, `time` when it happened, `subject` who pays, `source`
 * which producer. Where both say something they must agree, because the id is what a repeat is recognised by.
 */
import type { Item } from './read-items.ts';
import type { FieldProblem } from './requests/read-request.ts';

/** Envelope attribute and the field it stands for. */
const FILLED = [
  ['id', 'requestId'],
  ['time', 'occurredAt'],
  ['subject', 'accountId'],
  ['source', 'sourceId'],
] as const;

/** Only the request id must agree; a sender may have its own view of the rest. */
const AGREEING: readonly string[] = ['requestId'];
const REQUIRED = ['specversion', 'id', 'source', 'type'] as const;

export function openCloudEvent(event: unknown): Item {
  if (event === null || typeof event !== 'object' || Array.isArray(event)) {
    return refused([{ field: '', message: 'a CloudEvent is an object' }]);
  }
  const attributes: Readonly<Record<string, unknown>> = { ...event };
  const data: unknown = attributes['data'];
  const faults = envelopeFaults(attributes);
  if (data === null || typeof data !== 'object' || Array.isArray(data)) {
    return refused([...faults, { field: 'data', message: 'the data is not a JSON object' }]);
  }
  const input: Record<string, unknown> = { ...data };
  for (const [attribute, field] of FILLED) {
    const value = attributes[attribute];
    input[field] ??= value;
    if (AGREEING.includes(field) && input[field] !== value) {
      faults.push({ field: attribute, message: `${attribute} and data.${field} are not the same` });
    }
  }
  return faults.length > 0 ? refused(faults) : { ok: true, input };
}

type Fault = Pick<FieldProblem, 'field' | 'message'>;

function envelopeFaults(attributes: Readonly<Record<string, unknown>>): Fault[] {
  const faults: Fault[] = [];
  for (const name of REQUIRED) {
    const value = attributes[name];
    if (typeof value !== 'string' || value === '')
      faults.push({ field: name, message: `${name} is required` });
  }
  const { specversion, datacontenttype } = attributes;
  if (typeof specversion === 'string' && !/^1(\.\d+)?$/.test(specversion)) {
    faults.push({ field: 'specversion', message: 'only CloudEvents 1.0 is read' });
  }
  if (datacontenttype !== undefined && !/^application\/([\w.-]+\+)?json\b/.test(String(datacontenttype))) {
    faults.push({ field: 'datacontenttype', message: 'the data must be JSON' });
  }
  return faults;
}

function refused(faults: readonly Fault[]): Item {
  return { ok: false, problems: faults.map((fault) => ({ ...fault, code: 'cloud_event_invalid' })) };
}
