/** Bugs in the local cache: each would give a task a state that its changelog does not hold. */
import type { Mutant } from '../mutant.ts';

const SUITES = ['test/topology/state-cache.test.ts'];

export const CACHE: readonly Mutant[] = [
  {
    name: 'cache-history-not-compared',
    requirement: 'R18',
    file: 'topology/state-cache-resume.ts',
    find: "if (record.value === null || !checkpoint.equals(record.value)) return 'other_history';",
    replace: '',
    why: 'A position taken for a proof: after the broker lost records and others were written, both histories are mixed.',
    suites: SUITES,
  },
  {
    name: 'cache-deletion-forgotten',
    requirement: 'R8',
    file: 'topology/state-cache-file.ts',
    find: '.filter((at) => isFirst(seen, keyAt(block, at)));',
    replace: '.filter((at) => !isTombstone(block, at) && isFirst(seen, keyAt(block, at)));',
    why: 'Tombstones skipped before they were noted: the value before the deletion comes back.',
    suites: SUITES,
  },
  {
    name: 'cache-checksum-ignored',
    requirement: 'R21',
    file: 'topology/state-cache-file.ts',
    find: 'if (!isWhole(bytes.subarray(used, used + head.bytes))) return blocks;',
    replace: '',
    why: 'A block taken as whole because its length is right: a disk after a power failure has other bytes in it.',
    suites: SUITES,
  },
  {
    name: 'cache-as-old-as-it-likes',
    requirement: 'R8',
    file: 'topology/state-cache-resume.ts',
    find: "barrier.appendedAt - record.appendedAt > CACHE_AGE_MAX_MS ? 'too_old' : record",
    replace: 'record',
    why: 'No bound on the age: what was deleted longer ago than tombstones are kept comes back.',
    suites: SUITES,
  },
  {
    name: 'cache-of-a-topic-by-name',
    requirement: 'R18',
    file: 'topology/state-cache-header.ts',
    find: "found['topicId'] === identity.topicId ? from + length : 'other_topic'",
    replace: 'from + length',
    why: 'A changelog known by its name only: the state of one that was deleted comes back in the next.',
    suites: SUITES,
  },
  {
    name: 'cache-base-over-tail',
    requirement: 'R8',
    file: 'topology/state-cache-file.ts',
    find: 'seen.size === 0 ? all : all.filter((at) => !isOld(at))',
    replace: 'all',
    why: 'What was cleaned up laid over what was changed since: values of an earlier time win.',
    suites: SUITES,
  },
];
