/**
 * A short set of seeds holds every invariant, the same seed is the same run, and each invariant notices when the log is
 * broken in the way that it forbids.
 */
import { describe, expect, test } from 'vitest';
import { BREAKAGES } from './broken-log.ts';
import { optionsOf } from './options.ts';
import { planOf } from './plan.ts';
import { type Run, run } from './run.ts';
import { commandOf, shrink } from './shrink.ts';
import { simulate } from './simulate.ts';

const SEEDS = Array.from({ length: 6 }, (_, index) => index + 1);
const TRIES_MAX = 12;

describe('the whole graph under faults', () => {
  test.each(SEEDS)('seed %i violates nothing', async (seed) => {
    const report = await simulate(optionsOf(seed, { events: 100 }));
    expect(report.violations, commandOf(report)).toEqual([]);
    expect(report.uses).toBeGreaterThan(180);
  });

  test('faults of every kind strike', async () => {
    const reports = [];
    for (const seed of [5, 15]) reports.push(await simulate(optionsOf(seed, { events: 80 })));
    const names = reports.flatMap(({ faults }) => faults.entries().map(([name]) => name.split(/ at |: /)[0]));
    expect(new Set(names)).toEqual(
      new Set(['kill', 'freeze', 'takeover', 'commit', 'fetch', 'open', 'bounds', 'broker', 'compact']),
    );
  });
});

describe('the rig', () => {
  test('one seed decides everything: two runs write the same records at the same offsets', async () => {
    const plan = planOf(optionsOf(1, { events: 60 }));
    const again = () => run(plan, { stream: 2, faults: plan.options, isShuffled: false });
    const [first, second] = [await again(), await again()];
    expect(first.faults.text()).toBe(second.faults.text());
    expect(first.faults.total).toBeGreaterThan(10);
    expect(await digest(first)).toEqual(await digest(second));
  });

  test('a failing run is made smaller and still fails', async () => {
    const breakage = BREAKAGES['a charge is lost']?.breakage;
    const failing = await simulate(optionsOf(3, { events: 16 }), breakage);
    const smallest = await shrink(failing, (options) => simulate(options, breakage));
    expect(smallest.violations).not.toEqual([]);
    expect(smallest.options.events).toBeLessThan(10);
    expect(smallest.options.kinds.size).toBe(0);
    expect(commandOf(smallest)).toContain(`--from 3 --events ${smallest.options.events} --kinds none`);
  });
});

describe('the audit notices a broken log', () => {
  test.each(Object.entries(BREAKAGES))('%s', async (_, { invariant, breakage }) => {
    const found: string[] = [];
    for (
      let seed = 1;
      seed <= TRIES_MAX && !found.some((line) => line.startsWith(`${invariant} `));
      seed += 1
    ) {
      found.push(...(await simulate(optionsOf(seed, { events: 40 }), breakage)).violations);
    }
    expect(found).toContainEqual(expect.stringMatching(new RegExp(`^${invariant} `)));
  });
});

/** Where every charge and entry stands, and the head of every chain. */
async function digest({ log, lives }: Run): Promise<readonly string[]> {
  const places = ['charges', 'journal', 'rating-steps', 'rating-changelog', 'invoices'].flatMap((topic) =>
    [0, 1].map((partition) => ({ topic, partition })),
  );
  const ends = (await log.bounds(places)).map(({ topic, partition, end }) => `${topic}/${partition} ${end}`);
  const heads = lives.flatMap(({ actor, task }) =>
    (task?.cells ?? []).map(({ progress }) => `${actor.name} ${progress.digest.toString('hex')}`),
  );
  return [...ends, ...heads];
}
