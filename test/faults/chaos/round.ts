/**
 * One round: load, faults drawn from the seed, quiet, and the audit by ourselves and by others.
 *
 * Boundary: returns what does not hold; it stops nothing and keeps nothing.
 *
 * Invariant: the audit begins when every process runs, every input is taken and the sink has every record. A system that
 * does not come to rest within its limit has failed the round.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from '@clickhouse/client';
import { backlogOf } from '../../../infra/analytics/catch-up.ts';
import { waitUntil } from '../../../infra/embedded/wait.ts';
import { untilDrained } from '../../../infra/main-job/drained.ts';
import type { Random } from '../../../infra/main-job/random.ts';
import { PROCESSORS } from '../../../infra/processors.ts';
import { analyticsTotals } from '../../../infra/proof/analytics-totals.ts';
import { type Audit, audit } from '../../../infra/proof/audit.ts';
import {
  analyticsChecks,
  type Check,
  countChecks,
  moneyChecks,
  replayChecks,
} from '../../../infra/proof/checks.ts';
import type { Counts } from '../../../infra/proof/sums.ts';
import { LIMITS } from '../../../topology/limits.ts';
import { type ReplayReport, replayTask } from '../../../topology/replay.ts';
import { serviceTopics } from '../../../topology/topics.ts';
import { differencesOf } from '../readers/compare-totals.ts';
import { consoleTotals, type ForeignTotals, sqlTotals } from '../readers/foreign-audit.ts';
import { FAULTS } from './faults.ts';
import type { Load } from './load.ts';
import { PARTITIONS, type World } from './world.ts';

const FAULTS_PER_ROUND = 5;
const BETWEEN_FAULTS_MS = 4_000;
const DRAIN_TIMEOUT_MS = 180_000;
const CONSOLE_IDLE_MS = 4_000;
const CONSOLE_PATIENT_MS = 20_000;
const SINK_TOPICS = [
  'cost-events',
  'charges',
  'journal',
  ...PROCESSORS.map(({ service }) => serviceTopics(service).rejected),
];

export interface RoundOptions {
  readonly world: World;
  readonly load: Load;
  readonly random: Random;
  readonly usesPerSecond: number;
  /** Whether every step is derived again as well; that takes as long as the whole history is. */
  readonly withReplay: boolean;
  readonly faults: Counts;
  readonly tell: (line: string) => void;
}

/** What does not hold at the end of the round, in words. */
export async function runRound(options: RoundOptions): Promise<readonly string[]> {
  try {
    await disturb(options);
    await rest(options.world);
    const checks = await judge(options);
    return checks.filter(({ holds }) => !holds).map(({ name, detail }) => `${name}: ${detail}`);
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
}

async function disturb({ world, load, random, usesPerSecond, faults, tell }: RoundOptions): Promise<void> {
  load.start(usesPerSecond);
  try {
    for (let count = 0; count < FAULTS_PER_ROUND; count += 1) {
      await pause(random.below(BETWEEN_FAULTS_MS));
      const [kind, fault] = random.pick(Object.entries(FAULTS));
      const done = await fault(world, random);
      if (done !== null) faults.add(kind);
      tell(`${kind}: ${done ?? 'found nothing to break'}`);
    }
    await pause(random.below(BETWEEN_FAULTS_MS));
  } finally {
    await load.stop();
  }
}

async function rest(world: World): Promise<void> {
  await world.mend();
  const { log, stack } = world.system;
  await untilDrained({ log, processors: PROCESSORS, timeoutMs: DRAIN_TIMEOUT_MS });
  const client = createClient({ url: stack.clickhouseUrl, ...stack.clickhouseWriter });
  try {
    const hasAll = async (): Promise<boolean> => (await backlogOf(client, log, SINK_TOPICS)).length === 0;
    if (!(await waitUntil(hasAll, { timeoutMs: DRAIN_TIMEOUT_MS })))
      throw new Error('ClickHouse never caught up');
  } finally {
    await client.close();
  }
}

async function judge({ world, load, withReplay }: RoundOptions): Promise<readonly Check[]> {
  const { stack } = world.system;
  const found = await audit(world.system);
  const client = createClient({ url: stack.clickhouseUrl, ...stack.clickhouseWriter });
  const analytics = await analyticsTotals(client).finally(() => client.close());
  const sql = await sqlTotals({ url: stack.clickhouseUrl, ...stack.clickhouseWriter });
  return [
    ...countChecks(found),
    ...moneyChecks(found),
    ...analyticsChecks(found, analytics),
    ...loadChecks(found, load),
    ...foreignChecks(found, sql, await consoleAgainst(world, sql)),
    ...(withReplay ? replayChecks(await replayAll(world)) : []),
  ];
}

/** What was sent again after a fault may be found more than once among the rejected, never among the accepted. */
function loadChecks(found: Audit, load: Load): readonly Check[] {
  const lost = [...load.acceptable].filter((id) => !found.acceptedIds.has(id));
  const invented = [...found.acceptedIds].filter((id) => !load.acceptable.has(id));
  const few = load.sent
    .entries()
    .filter(([fate]) => fate !== 'accepted' && !fate.startsWith('/'))
    .filter(([fate, count]) => found.usageRejected.get(fate) < count)
    .map(([fate, count]) => `${fate} ${found.usageRejected.get(fate)} of ${count}`);
  const check = (name: string, wrong: readonly string[]): Check => ({
    name,
    holds: wrong.length === 0,
    detail: wrong.length === 0 ? 'none' : `${wrong.length}: ${wrong.slice(0, 5).join(', ')}`,
  });
  return [
    check('uses that were acknowledged and not accepted', lost),
    check('uses that were accepted and never acknowledged', invented),
    check('refusals that are missing', few),
  ];
}

/** The console consumer ends when nothing comes for a while, which a busy machine may bring about; then it is asked again. */
async function consoleAgainst(world: World, sql: ForeignTotals): Promise<ForeignTotals> {
  const { kafkaBrokers: brokers, schemaRegistryUrl } = world.system.stack;
  const first = await consoleTotals({ brokers, schemaRegistryUrl, idleMs: CONSOLE_IDLE_MS });
  const isShort = first.chargeRecords < sql.chargeRecords || first.entries < sql.entries;
  return isShort ? consoleTotals({ brokers, schemaRegistryUrl, idleMs: CONSOLE_PATIENT_MS }) : first;
}

function foreignChecks(found: Audit, sql: ForeignTotals, console: ForeignTotals): readonly Check[] {
  const audit: ForeignTotals = {
    charges: new Map(found.charges.byCurrency.entries()),
    trial: new Map(found.journal.trial.entries()),
    ledger: new Map(found.journal.byLedgerAccount.entries()),
    customers: new Map(found.journal.netByAccount.entries()),
    chargeRecords: found.charges.records,
    chargeIds: found.charges.uniqueChargeIds,
    entries: found.journal.entries,
    entryIds: found.journal.uniqueEntryIds,
  };
  const differences = differencesOf({ audit, SQL: sql, 'console consumer': console });
  return [
    {
      name: 'the console consumer, SQL and the audit count and add up the same',
      holds: differences.length === 0,
      detail: differences.length === 0 ? 'to the last digit' : differences.slice(0, 10).join('; '),
    },
  ];
}

async function replayAll({ system: { log, directory } }: World): Promise<readonly ReplayReport[]> {
  const reports: ReplayReport[] = [];
  for (const processor of PROCESSORS) {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      reports.push(await replayTask({ log, directory, processor, partition, limits: LIMITS }));
    }
  }
  return reports;
}
