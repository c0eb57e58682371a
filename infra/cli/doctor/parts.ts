/**
 * Whether the parts of the system answer by their own protocol, hold what was planned, and how far services are behind.
 *
 * Invariant: a part that does not answer is one finding; whatever depends on it is not asked.
 */
import { z } from 'zod';
import { callRegistry } from '../../../schemas/registry-rest.ts';
import type { AnyProcessor } from '../../../topology/processor.ts';
import { subjectsOf } from '../../../topology/subjects.ts';
import { planApply } from '../../apply/apply.ts';
import { cliErrorOf } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { lagOfServices, lagSum, type ServiceLag } from '../lag.ts';
import { counted } from '../output.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

type PartsContext = Pick<Context, 'log' | 'source' | 'registryUrl' | 'analytics' | 'settings'>;

export interface PartsReport {
  readonly findings: readonly Finding[];
  readonly lags: readonly ServiceLag[];
}

/** What a service that keeps up may have before it at any moment. */
const LAG_USUAL_RECORDS = 1_000;
const APPLY = 'Run `ledger apply`.';

export async function checkParts(
  context: PartsContext,
  processors: readonly AnyProcessor[],
): Promise<PartsReport> {
  const broker = await asked('broker', async () => {
    const log = await context.log();
    return ok('broker', `${context.settings.kafkaBrokers ?? ''}, cluster ${await log.clusterId()}`);
  });
  const registry = await asked('registry', async () => {
    const { status } = await callRegistry(context.registryUrl(), { method: 'GET', path: '/subjects' });
    const detail = `${context.registryUrl()} answers ${status}`;
    return status === 200 ? ok('registry', detail) : fail('registry', detail, 'See its log.');
  });
  const clickhouse = await asked('ClickHouse', () => clickhouseFinding(context));
  const findings = [broker, registry, clickhouse];
  const canPlan = broker.state === 'ok' && registry.state === 'ok';
  if (!canPlan) return { findings, lags: [] };
  findings.push(await asked('topics and schemas', () => planFinding(context, processors)));
  if (clickhouse.state === 'ok') findings.push(await asked('tables', () => tablesFinding(context)));
  const { lags, findings: behind } = await lagFindings(context);
  return { findings: [...findings, ...behind], lags };
}

async function clickhouseFinding(context: PartsContext): Promise<Finding> {
  const [row] = await context.analytics().select({
    query: 'SELECT version() AS version',
    row: z.object({ version: z.string() }),
  });
  return ok('ClickHouse', `${context.settings.clickhouse?.url ?? ''}, version ${row?.version ?? 'unknown'}`);
}

async function planFinding(context: PartsContext, processors: readonly AnyProcessor[]): Promise<Finding> {
  const { admin, partitionCount } = await logParts(context);
  const changes = await planApply({
    admin,
    registryUrl: context.registryUrl(),
    topics: await partitionCount(),
    subjects: subjectsOf(processors),
  });
  const differing = changes.filter(({ action }) => action !== 'keep');
  if (differing.length === 0) return ok('topics and schemas', `${changes.length} as planned`);
  const some = differing.slice(0, 3).map(({ kind, name, action }) => `${action} ${kind} ${name}`);
  const detail = `${counted(differing.length, 'difference')}: ${some.join(', ')}${differing.length > 3 ? ', ...' : ''}`;
  const isRefused = differing.some(({ action }) => action === 'refuse');
  return isRefused || differing.some(({ action }) => action === 'create')
    ? fail('topics and schemas', detail, APPLY)
    : warn('topics and schemas', detail, APPLY);
}

/** The plan is asked with the partition count that the topics have, since that number is the operator's choice. */
async function logParts(context: PartsContext) {
  const log = await context.log();
  return {
    admin: log.admin,
    async partitionCount() {
      const found = (await log.admin.describeTopics(['usage-events'])).get('usage-events');
      return { partitions: found?.partitions ?? 1, replicationFactor: 1 };
    },
  };
}

async function tablesFinding(context: PartsContext): Promise<Finding> {
  const changes = await context.analytics().planSchema();
  if (changes.length === 0) return ok('tables', 'as planned');
  const names = changes.map(({ name }) => name).join(', ');
  return fail('tables', `${counted(changes.length, 'difference')}: ${names}`, APPLY);
}

async function lagFindings(context: PartsContext): Promise<PartsReport> {
  try {
    const lags = await lagOfServices(await context.source());
    return { lags, findings: lags.map(lagFinding) };
  } catch (error) {
    const { message, wayOut } = cliErrorOf(error);
    return { lags: [], findings: [fail('services', message, wayOut)] };
  }
}

function lagFinding({ service, partitions }: ServiceLag): Finding {
  const started = partitions.some(({ position }) => position !== null);
  const lag = lagSum(partitions);
  const start = 'Start it with `npm start`, or read its log.';
  if (!started && lag > 0) return fail(service, `has never run; ${counted(lag, 'record')} wait`, start);
  if (lag === 0) return ok(service, started ? 'nothing waits' : 'nothing to do yet');
  const worst = partitions
    .filter((each) => each.lag > 0)
    .sort((a, b) => b.lag - a.lag)
    .slice(0, 3);
  const places = worst.map((each) => `${each.topic}/${each.partition}: ${each.lag}`).join(', ');
  const detail = `${counted(lag, 'record')} behind (${places})`;
  if (lag <= LAG_USUAL_RECORDS) return ok(service, detail);
  return warn(service, detail, `Ask again; if it does not shrink: ${start}`);
}

async function asked(subject: string, ask: () => Promise<Finding>): Promise<Finding> {
  try {
    return await ask();
  } catch (error) {
    const { message, wayOut } = cliErrorOf(error);
    return fail(subject, message, wayOut);
  }
}
