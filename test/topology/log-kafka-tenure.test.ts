/** Whether an id is still ours, by what its coordinator remembers; we had it under producer id 7, epoch 10. */
import { expect, test } from 'vitest';
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
  ['the coordinator has forgotten the id', [-1, -1, 'none', null], [true, true]],
];

test.each(ROWS)('%s', (_, [producerId, producerEpoch, state, verdict], [version1, version2]) => {
  const held = { producerId: 7, producerEpoch: 10 };
  const last = { producerId, producerEpoch, state, verdict };
  expect([isStillOurs(held, last, 1), isStillOurs(held, last, 2)]).toEqual([version1, version2]);
});

test('our commit used the last epoch up, and the next is under another producer id', () => {
  const last = { producerId: 8, producerEpoch: 0, state: 'CompleteCommit', verdict: 'commit' } as const;
  expect(isStillOurs({ producerId: 7, producerEpoch: 32_766 }, last, 2)).toBe(true);
});
