/**
 * Job: name the registry subject of every record on every topic, and list them all.
 *
 * Boundary: names only; registering is a deploy step (`infra/apply`), resolving ids is the schema directory's.
 *
 * Invariants:
 *  1. A topic that carries one record has the subject `<topic>-value`, the default of every producer.
 *  2. A topic that carries several (refusals and dead letters; the state of a service) has one subject for each:
 *     `<topic>-<full record name>`, so that each evolves by itself.
 */
import type { RecordName } from '../schemas/generated/record-types.ts';
import { typeOfRecord } from '../schemas/record-type.ts';
import type { SubjectRecord } from '../schemas/schema-directory.ts';
import type { AnyProcessor } from './processor.ts';
import { serviceTopics, TOPICS, type TopicName } from './topics.ts';

export interface Subject extends SubjectRecord {
  readonly topic: string;
}

/** The part of a processor that says which records it reads, writes and holds. */
type Described = Pick<AnyProcessor, 'service' | 'inputs' | 'outputs' | 'tables'>;

/** What a changelog holds besides the state records of its service. */
const RUNTIME_STATE = ['Checkpoint', 'Barrier', 'AdmissionBlock'] as const;
const REJECTED = ['Refusal', 'DeadLetter'] as const;
const ALL_TOPICS = Object.keys(TOPICS).filter((name): name is TopicName => name in TOPICS);

/** The record name with its namespace, for instance `outcome.ledger.UsageEvent`. */
export function fullNameOf(record: RecordName): string {
  return typeOfRecord(record).name ?? record;
}

/** Every subject of the system, each once: the topics of the table, then those of each processor. */
export function subjectsOf(processors: readonly Described[]): readonly Subject[] {
  return [...subjectsOfTopics(ALL_TOPICS), ...processors.flatMap(ownSubjects)];
}

/** What one service needs to know of: what it reads and writes, what it rejects, its state, its steps. */
export function subjectsOfService(processor: Described): readonly Subject[] {
  return [...subjectsOfTopics([...processor.inputs, ...processor.outputs]), ...ownSubjects(processor)];
}

export function subjectsOfTopics(topics: readonly TopicName[]): readonly Subject[] {
  return topics.map((topic) => single(topic, TOPICS[topic].record));
}

function ownSubjects({ service, tables }: Described): readonly Subject[] {
  const topics = serviceTopics(service);
  const state = new Set<RecordName>(RUNTIME_STATE);
  for (const rule of Object.values(tables)) state.add(rule.record);
  return [
    ...REJECTED.map((record) => oneOfSeveral(topics.rejected, record)),
    ...[...state].map((record) => oneOfSeveral(topics.changelog, record)),
    single(topics.steps, 'Step'),
  ];
}

function single(topic: string, recordName: RecordName): Subject {
  return { subject: `${topic}-value`, topic, recordName };
}

function oneOfSeveral(topic: string, recordName: RecordName): Subject {
  return { subject: `${topic}-${fullNameOf(recordName)}`, topic, recordName };
}
