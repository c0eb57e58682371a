/** Bugs in the verdict on outcomes, on the way into the analytics store, and at the edge. */
import type { Mutant } from '../mutant.ts';

const BUCKETS = ['test/services/outcome-confidence/buckets.test.ts'];
const LANE = ['test/services/analytics-sink/lane.test.ts'];
const SINK = ['test/services/analytics-sink/sink.test.ts'];
const REAL_SINK = ['test/integration/analytics-sink.test.ts'];

export const OUTCOMES_AND_SINK: readonly Mutant[] = [
  {
    name: 'auto-at-0.9',
    requirement: 'R9',
    file: 'services/outcome-confidence/judge.ts',
    find: 'confidence > autoAbove',
    replace: 'confidence >= autoAbove',
    why: 'At exactly 0.9 a person decides; billed by itself, it is money nobody agreed to.',
    suites: BUCKETS,
  },
  {
    name: 'reject-at-0.7',
    requirement: 'R9',
    file: 'services/outcome-confidence/judge.ts',
    find: 'confidence >= reviewFrom',
    replace: 'confidence > reviewFrom',
    why: 'At exactly 0.7 a person decides; rejected, it is an outcome nobody is paid for.',
    suites: BUCKETS,
  },
  {
    name: 'criteria-after-confidence',
    requirement: 'R15',
    file: 'services/outcome-confidence/judge.ts',
    find: 'if (!meets(criteria, fields))',
    replace: 'if (confidence <= autoAbove && !meets(criteria, fields))',
    why: 'A sure verifier spares the criteria: an outcome is billed that does not meet its definition.',
    suites: BUCKETS,
  },
  {
    name: 'claim-decided-twice',
    requirement: 'R10',
    file: 'services/outcome-confidence/evidence.ts',
    find: 'known?.decided === true ? known : waiting',
    replace: 'waiting',
    why: 'Only evidence that waits is looked at: a second verification decides, and bills, again.',
    suites: ['test/services/outcome-confidence/order.test.ts'],
  },
  {
    name: 'missing-field-meets',
    requirement: 'R15',
    file: 'services/outcome-confidence/criteria.ts',
    find: 'actual !== undefined && compare?.(actual, values) === true',
    replace: "compare?.(actual ?? '', values) === true",
    why: 'Nothing is not equal to something: `not_equals` is met for want of proof.',
    suites: ['test/services/outcome-confidence/criteria.test.ts'],
  },
  {
    name: 'block-token-without-partition',
    requirement: 'R11',
    file: 'services/analytics-sink/block.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is the text of a template.
    find: '${block.topic}-${block.partition}-',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is the text of a template.
    replace: '${block.topic}-',
    why: 'Two partitions, one token: the block of the second is dropped as a repeat.',
    suites: LANE,
  },
  {
    name: 'two-blocks-of-a-lane-under-way',
    requirement: 'R11',
    file: 'services/analytics-sink/lane.ts',
    find: 'if (this.#underWay !== null) return null;',
    replace: '',
    why: 'More inserts at once: the later block lands, the earlier does not, and its rows are never read again.',
    suites: LANE,
  },
  {
    name: 'month-of-block-inclusive',
    requirement: 'R11',
    file: 'services/analytics-sink/block.ts',
    find: 'record.appendedAt < this.#month.endMs',
    replace: 'record.appendedAt <= this.#month.endMs',
    why: 'One block in two table partitions is two parts, and one of them may be missing.',
    suites: LANE,
  },
  {
    name: 'landed-block-sent-again',
    requirement: 'R11',
    file: 'services/analytics-sink/insert.ts',
    find: 'isFirst || !(await options.store.holds(shipment[0]))',
    replace: 'true',
    why: 'Left to the token alone: the server remembers only so many of them.',
    suites: SINK,
  },
  {
    name: 'stored-position-one-behind',
    requirement: 'R11',
    file: 'services/analytics-sink/open-lanes.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is the text of a template.
    find: '.set(`${topic}/${partition}`, nextOffset)',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is the text of a template.
    replace: '.set(`${topic}/${partition}`, nextOffset - 1)',
    why: 'The largest offset taken for the next: after every start one record is stored twice.',
    suites: SINK,
  },
  {
    name: 'sink-amounts-by-number',
    requirement: 'R14',
    file: 'services/analytics-sink/row-writer.ts',
    find: 'const EXACT_UNITS_MAX = BigInt(Number.MAX_SAFE_INTEGER);',
    replace: 'const EXACT_UNITS_MAX = BigInt(Number.MAX_SAFE_INTEGER) * 1_000n;',
    why: 'Digits through a float that no longer holds them: totals in the analytics store differ from the ledger in the last digits.',
    suites: ['test/services/analytics-sink/row-writer.test.ts'],
  },
  {
    name: 'clickhouse-position-one-behind',
    requirement: 'R11',
    file: 'services/analytics-sink/store-clickhouse.ts',
    find: 'max(_offset) + 1 AS nextOffset',
    replace: 'max(_offset) AS nextOffset',
    why: 'The same slip in SQL, which only the server itself can show.',
    suites: REAL_SINK,
  },
  {
    name: 'block-token-per-attempt',
    requirement: 'R11',
    file: 'services/analytics-sink/store-clickhouse.ts',
    find: '{ ...INSERT_SETTINGS, insert_deduplication_token: token }',
    replace: '{ ...INSERT_SETTINGS, insert_deduplication_token: this.#sinkId + this.#attempts }',
    why: 'A token per attempt: a block that landed without an answer is stored twice when it is sent again.',
    suites: ['test/services/analytics-sink/insert-requests.test.ts'],
  },
  {
    name: 'time-goes-back',
    requirement: 'R17',
    file: 'services/ticker/ticker.ts',
    find: 'instantOfMillis(Math.max(last.time + 1, time))',
    replace: 'time',
    why: "The machine's clock as it is: after a step back, time in the log goes back too.",
    suites: ['test/services/ticker/ticker.test.ts'],
  },
];
