/**
 * Job: honest records of every topic that producers may write, and the reference data among which they mean something.
 *
 * Boundary: pure. `world` is what every task knows before it meets anything hostile; `honest` is what mutations start
 * from; `witness` is about names of its own, so that nothing hostile can make it unacceptable.
 */
import { outcomes } from '../../infra/main-job/outcomes.ts';
import { customers, type JobPlan, outcomeDefinitions, priceBooks } from '../../infra/main-job/world.ts';
import { parseAmount } from '../../schemas/amount.ts';
import { type AccountId, parseAccountId } from '../../schemas/ids.ts';
import { type Instant, instantOfMillis } from '../../schemas/instant.ts';
import { partitionOf } from '../../topology/partitioner.ts';
import type { Publication, PublishedTopic } from '../../topology/publication.ts';
import { use } from '../support/task-bench.ts';

export const PARTITIONS = 2;
/** The partition under test; the other one exists so that a key can belong elsewhere. */
export const HOME = 0;
export const NOW = Date.UTC(2026, 10, 22, 12);

const HOUR_MS = 3_600_000;
const PLAN: JobPlan = { seed: 12, accounts: 16, usageEvents: 0, anchor: instantOfMillis(NOW) };
const PEOPLE = customers(PLAN).filter(({ account }) => isAtHome(account.accountId));
/** Has an outcome plan and is what hostile records are about. */
const VICTIM = PEOPLE.find(({ contract }) => contract.outcomePlan !== null) ?? PEOPLE[0];
/** Uses and payments of a witness are this account's, which is never the victim. */
const BYSTANDER = PEOPLE.find((customer) => customer !== VICTIM);
const CLAIMS = outcomes(PLAN, PEOPLE).claims.filter(
  ({ accountId }) => accountId === VICTIM?.account.accountId,
);

/**
 * Base fees fall due every month for ever, so a tick at the end of time is worth as many as one input may settle, and so
 * is every tick behind it: the hostile ticks meet accounts without contracts, and that bound has a test of its own.
 */
export function world(topic: PublishedTopic): readonly Publication[] {
  const contracts = topic === 'clock-ticks' ? [] : PEOPLE;
  return [
    ...priceBooks(PLAN, 1).map((value): Publication => ({ topic: 'price-books', value })),
    ...outcomeDefinitions(PLAN).map((value): Publication => ({ topic: 'outcome-definitions', value })),
    ...PEOPLE.map(({ account: value }): Publication => ({ topic: 'accounts', value })),
    ...contracts.map(({ contract: value }): Publication => ({ topic: 'contracts', value })),
    ...CLAIMS.map((value): Publication => ({ topic: 'outcome-claims', value })),
    { topic: 'clock-ticks', value: { sequence: 0, time: ago(HOUR_MS) } },
  ];
}

/** The `n`th acceptable record of a topic about the victim, give or take what came before. */
export function honest(topic: PublishedTopic, n: number): Publication {
  const name = `hostile-${n}`;
  return fact(topic, { n, name, about: VICTIM, claim: CLAIMS[n % CLAIMS.length]?.claimId ?? name });
}

/** Records that must be accepted whatever came before; the last is the one of the topic. */
export function witness(topic: PublishedTopic, n: number): readonly Publication[] {
  const name = `witness-${n}`;
  const fresh = topic === 'accounts' || topic === 'contracts';
  const judged = fact(topic, {
    n,
    name,
    about: BYSTANDER,
    claim: name,
    ...(fresh ? { id: homeId(name) } : {}),
  });
  if (topic !== 'outcome-verifications') return [judged];
  return [fact('outcome-claims', { n, name, about: BYSTANDER, claim: name }), judged];
}

export function isAtHome(accountId: string): boolean {
  return partitionOf(Buffer.from(accountId), PARTITIONS) === HOME;
}

interface Subject {
  readonly n: number;
  readonly name: string;
  readonly about: (typeof PEOPLE)[number] | undefined;
  readonly claim: string;
  readonly id?: AccountId;
}

function fact(topic: PublishedTopic, { n, name, about, claim, id }: Subject): Publication {
  if (about === undefined) throw new Error('the plan has too few customers');
  const accountId = id ?? about.account.accountId;
  const own = { accountId };
  switch (topic) {
    case 'usage-events':
      return {
        topic,
        value: use({ ...own, requestId: name, model: 'gpt-4.1', occurredAt: ago(n % HOUR_MS) }),
      };
    case 'outcome-claims':
      return {
        topic,
        value: { ...first(CLAIMS), ...own, claimId: name, caseId: name, claimedAt: ago(HOUR_MS) },
      };
    case 'outcome-verifications':
      return { topic, value: { ...VERIFICATION, ...own, verificationId: name, claimId: claim } };
    case 'payment-events':
      return {
        topic,
        value: { ...PAYMENT, ...own, paymentId: name, providerEventId: name, currency: about.currency.code },
      };
    case 'accounts':
      return { topic, value: { ...about.account, ...own, version: n + 2 } };
    case 'contracts':
      return { topic, value: { ...about.contract, ...own, contractId: name } };
    case 'price-books':
      return { topic, value: { ...first(priceBooks(PLAN, 1)), priceBookId: name } };
    case 'outcome-definitions':
      return { topic, value: { ...first(outcomeDefinitions(PLAN)), outcomeType: name } };
    case 'clock-ticks':
      return { topic, value: { sequence: n + 1, time: instantOfMillis(NOW + n) } };
  }
}

const VERIFICATION = {
  confidence: parseAmount('0.95'),
  qualityScore: parseAmount('0.9'),
  fields: { status: 'closed', customer_satisfaction: '5', email: 'a@example.com' },
  verifier: 'crm',
  verifierVersion: '7',
  evidenceHash: 'sha256:0f',
  verifiedAt: ago(HOUR_MS),
};

const PAYMENT = {
  provider: 'stripe',
  kind: 'succeeded',
  amount: parseAmount('250'),
  verified: true,
  occurredAt: ago(HOUR_MS),
};

function ago(ms: number): Instant {
  return instantOfMillis(NOW - ms);
}

function first<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined) throw new Error('the plan makes none of these');
  return item;
}

function homeId(name: string): AccountId {
  for (let n = 0; ; n += 1) if (isAtHome(`${name}.${n}`)) return parseAccountId(`${name}.${n}`);
}
