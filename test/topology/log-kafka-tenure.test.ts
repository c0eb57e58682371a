/** Whether an id is still ours, by what its coordinator remembers; we had it under producer id 7, epoch 10. */
import { expect, test } from 'vitest';
import type { Identity } from '../../topology/log.ts';
import type { LastTransaction } from '../../topology/log-kafka-hanging.ts';
import { isStillOurs } from '../../topology/log-kafka-tenure.ts';

type Row = readonly [
  what: string,
  found: readonly [
    producerId: number,
    producerEpoch: number,
    state: string,
    verdict: 'commit' | 'abort' | null,
  ],
  ours: readonly [version1: boolean, version2: boolean],
];

const ROWS: readonly Row[] = [
  ['nothing was ever committed', [7, 10, 'Empty', null], [true, true]],
  ['our transaction is open', [7, 10, 'Ongoing', 'abort'], [true, true]],
  ['our commit was carried out, in version 1', [7, 10, 'CompleteCommit', 'commit'], [true, true]],
  ['our commit is being carried out', [7, 11, 'PrepareCommit', 'commit'], [false, true]],
  ['our commit was carried out, in version 2', [7, 11, 'CompleteCommit', 'commit'], [false, true]],
  [
    'our transaction took too long, or somebody is opening the id',
    [7, 11, 'PrepareAbort', 'abort'],
    [true, true],
  ],
  ['our transaction took too long', [7, 11, 'CompleteAbort', 'abort'], [true, true]],
  ['another has opened it', [7, 11, 'Empty', null], [false, false]],
  ['another is writing', [7, 11, 'Ongoing', 'abort'], [false, false]],
  ['another has opened it while our transaction was open', [7, 12, 'Empty', null], [false, false]],
  ['another has committed', [7, 12, 'CompleteCommit', 'commit'], [false, false]],
  ['the id was made anew', [8, 0, 'Empty', null], [false, false]],
];

test.each(ROWS)('%s', (_, [producerId, producerEpoch, state, verdict], ours) => {
  const last = { producerId, producerEpoch, state, verdict };
  expect(bothVersions({ producerId: 7, producerEpoch: 10 }, last)).toEqual(ours);
});

/** We had it under the last epoch but one. */
const LAST_EPOCH_ROWS: readonly Row[] = [
  ['our commit used the last epoch up', [8, 0, 'CompleteCommit', 'commit'], [false, true]],
  ['another has opened it, under the next producer id', [8, 0, 'Empty', null], [false, false]],
  ['another has committed there', [8, 1, 'CompleteCommit', 'commit'], [false, false]],
];

test.each(LAST_EPOCH_ROWS)('%s', (_, [producerId, producerEpoch, state, verdict], ours) => {
  const last = { producerId, producerEpoch, state, verdict };
  expect(bothVersions({ producerId: 7, producerEpoch: 32_766 }, last)).toEqual(ours);
});

function bothVersions(held: Identity, last: LastTransaction): readonly boolean[] {
  return [isStillOurs(held, last, 1), isStillOurs(held, last, 2)];
}
