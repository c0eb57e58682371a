/**
 * Puts our schemas into the registry: a deploy step (`ledger apply`), never done by a service.
 *
 * Job: say what would change, then change it. Boundary: which subjects exist is the caller's business.
 *
 * Invariants:
 *  1. Every subject is FULL_TRANSITIVE, because a ledger reads its whole log for ever, in both directions of time.
 *  2. When one schema is incompatible, nothing is registered.
 *  3. Running it twice changes nothing the second time.
 */
import type { RecordName } from './generated/record-types.ts';
import { schemaTextOfRecord } from './record-type.ts';
import { callRegistry, type RegistryAnswer } from './registry-rest.ts';
import type { SubjectRecord } from './schema-directory.ts';

export type SubjectChange = 'unchanged' | 'new' | 'new version' | 'incompatible';

export interface SubjectPlan {
  readonly subject: string;
  readonly recordName: RecordName;
  readonly change: SubjectChange;
  /** What the registry says about an incompatible schema; null otherwise. */
  readonly message: string | null;
  /** The subject's level now: null when it has none of its own. */
  readonly compatibility: string | null;
  readonly setsCompatibility: boolean;
}

const LEVEL = 'FULL_TRANSITIVE';

export async function planRegistration(
  registryUrl: string,
  subjects: readonly SubjectRecord[],
): Promise<readonly SubjectPlan[]> {
  const plans: SubjectPlan[] = [];
  for (const subject of subjects) plans.push(await planSubject(registryUrl, subject));
  return plans;
}

/** Returns what was done; with an incompatible schema among them, nothing was. */
export async function applyRegistration(
  registryUrl: string,
  subjects: readonly SubjectRecord[],
): Promise<readonly SubjectPlan[]> {
  const plans = await planRegistration(registryUrl, subjects);
  if (plans.some((plan) => plan.change === 'incompatible')) return plans;
  const done: SubjectPlan[] = [];
  for (const plan of plans) done.push(await applySubject(registryUrl, plan));
  return done;
}

async function planSubject(registryUrl: string, target: SubjectRecord): Promise<SubjectPlan> {
  const { subject, recordName } = target;
  const path = encodeURIComponent(subject);
  const schema = { schema: schemaTextOfRecord(recordName) };
  const exists =
    (await callRegistry(registryUrl, { method: 'GET', path: `/subjects/${path}/versions` })).status === 200;
  const compatibility = exists ? await levelOf(registryUrl, path) : null;
  const base = {
    subject,
    recordName,
    compatibility,
    setsCompatibility: compatibility !== LEVEL,
    message: null,
  };
  if (!exists) return { ...base, change: 'new' };
  const same = await callRegistry(registryUrl, { method: 'POST', path: `/subjects/${path}`, body: schema });
  if (same.status === 200) return { ...base, change: 'unchanged' };
  const verdict = await callRegistry(registryUrl, {
    method: 'POST',
    path: `/compatibility/subjects/${path}/versions?verbose=true`,
    body: schema,
  });
  if (verdict.status === 200 && verdict.body.is_compatible === true)
    return { ...base, change: 'new version' };
  return { ...base, change: 'incompatible', message: messageOf(verdict) };
}

async function applySubject(registryUrl: string, plan: SubjectPlan): Promise<SubjectPlan> {
  const path = encodeURIComponent(plan.subject);
  // A registry may refuse a level for a subject without versions, so a new subject gets its schema first.
  if (plan.setsCompatibility && plan.change !== 'new') await setLevel(registryUrl, path);
  if (plan.change === 'new' || plan.change === 'new version') {
    const answer = await callRegistry(registryUrl, {
      method: 'POST',
      path: `/subjects/${path}/versions`,
      body: { schema: schemaTextOfRecord(plan.recordName) },
    });
    if (answer.status === 409) return { ...plan, change: 'incompatible', message: messageOf(answer) };
    if (answer.status !== 200) throw new Error(`registering ${plan.subject}: ${messageOf(answer)}`);
  }
  if (plan.setsCompatibility && plan.change === 'new') await setLevel(registryUrl, path);
  return plan;
}

/** Apicurio answers NONE for a subject without a level of its own, where Confluent answers 404. */
async function levelOf(registryUrl: string, path: string): Promise<string | null> {
  const answer = await callRegistry(registryUrl, { method: 'GET', path: `/config/${path}` });
  const level = answer.body.compatibilityLevel;
  return answer.status === 200 && typeof level === 'string' ? level.toUpperCase() : null;
}

async function setLevel(registryUrl: string, path: string): Promise<void> {
  const answer = await callRegistry(registryUrl, {
    method: 'PUT',
    path: `/config/${path}`,
    body: { compatibility: LEVEL },
  });
  if (answer.status !== 200) throw new Error(`setting ${LEVEL} for ${path}: ${messageOf(answer)}`);
}

function messageOf(answer: RegistryAnswer): string {
  const { message, messages } = answer.body;
  if (Array.isArray(messages) && messages.length > 0) return messages.map(String).join('; ').slice(0, 2_000);
  if (typeof message === 'string') return message.slice(0, 2_000);
  return answer.status === 200 ? 'the registry gives no reason' : `status ${answer.status}`;
}
