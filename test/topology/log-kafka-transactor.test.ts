/** What a failed commit means to the caller, and that a transactor which failed once never works again. */
import { describe, expect, test } from 'vitest';
import { KafkaProducer } from '../../topology/log-kafka-transaction.ts';
import { KafkaTransactor } from '../../topology/log-kafka-transactor.ts';
import { lostConnection, protocolError, type Script, ScriptedKafka } from '../support/scripted-kafka.ts';

const BATCH = {
  records: [{ topic: 'charges', partition: 0, key: null, value: Buffer.from('x') }],
  groupPositions: null,
};

async function transactorWith(script?: Script) {
  const client = new ScriptedKafka(script);
  const producer = await KafkaProducer.open({
    client,
    transactionalId: 'rating-0',
    timeoutMs: 15_000,
    now: () => 0,
    versionMax: 2,
  });
  return { client, transactor: new KafkaTransactor(producer) };
}

function rejecting(error: Error): Pick<Script, 'endTxn'> {
  return { endTxn: () => Promise.reject(error) };
}

describe('a commit', () => {
  test('that is answered may be followed by the next', async () => {
    const { client, transactor } = await transactorWith();
    await transactor.commit(BATCH);
    await transactor.commit(BATCH);
    expect(client.asked.filter(([request]) => request === 'EndTxn')).toEqual([
      ['EndTxn', true],
      ['EndTxn', true],
    ]);
  });

  const cases: readonly (readonly [string, Script, { readonly kind: string; readonly code: string }])[] = [
    [
      'without an answer has an unknown outcome',
      rejecting(lostConnection()),
      { kind: 'unknown_outcome', code: 'NETWORK_EXCEPTION' },
    ],
    [
      'of a coordinator that is moving has an unknown outcome',
      rejecting(protocolError('NOT_COORDINATOR_FOR_GROUP')),
      { kind: 'unknown_outcome', code: 'NOT_COORDINATOR_FOR_GROUP' },
    ],
    [
      'of a former owner is fenced',
      rejecting(protocolError('INVALID_PRODUCER_EPOCH')),
      { kind: 'fenced', code: 'INVALID_PRODUCER_EPOCH' },
    ],
    [
      'of a former owner is fenced, in the words of newer brokers too',
      rejecting(protocolError('PRODUCER_FENCED')),
      { kind: 'fenced', code: 'PRODUCER_FENCED' },
    ],
    [
      'during which the broker failed may have happened',
      rejecting(protocolError('UNKNOWN')),
      { kind: 'unknown_outcome', code: 'UNKNOWN_SERVER_ERROR' },
    ],
    [
      'with a refusal that nobody knows is fatal',
      rejecting(protocolError('SOMETHING_NEW')),
      { kind: 'fatal', code: 'SOMETHING_NEW' },
    ],
    [
      'whose records were refused did not happen, and may be tried by a new owner',
      { produceCode: 6 },
      { kind: 'retriable', code: 'NOT_LEADER_FOR_PARTITION' },
    ],
  ];
  test.each(cases)('%s, and the transactor is spent', async (_, script, error) => {
    const { client, transactor } = await transactorWith(script);
    await expect(transactor.commit(BATCH)).rejects.toMatchObject(error);
    const asked = client.asked.length;
    await expect(transactor.commit(BATCH)).rejects.toMatchObject({ kind: 'fatal', code: 'TRANSACTOR_SPENT' });
    expect(client.asked.length).toBe(asked);
  });

  const codes: readonly (readonly [number, { readonly kind: string; readonly code: string }])[] = [
    [16, { kind: 'unknown_outcome', code: 'NOT_COORDINATOR_FOR_GROUP' }],
    [51, { kind: 'unknown_outcome', code: 'CONCURRENT_TRANSACTIONS' }],
    [-1, { kind: 'unknown_outcome', code: 'UNKNOWN_SERVER_ERROR' }],
    [47, { kind: 'fenced', code: 'INVALID_PRODUCER_EPOCH' }],
    [90, { kind: 'fenced', code: 'PRODUCER_FENCED' }],
    [999, { kind: 'fatal', code: 'KAFKA_ERROR_999' }],
  ];
  test.each(codes)('answered with code %i means the same in version 2', async (endCode, error) => {
    const { transactor } = await transactorWith({ transactionLevel: 2, endCode });
    await expect(transactor.commit(BATCH)).rejects.toMatchObject(error);
    await expect(transactor.commit(BATCH)).rejects.toMatchObject({ code: 'TRANSACTOR_SPENT' });
  });

  test('is never asked for when the records did not arrive', async () => {
    const { client, transactor } = await transactorWith({ produceCode: 10 });
    await expect(transactor.commit(BATCH)).rejects.toMatchObject({ kind: 'fatal' });
    expect(client.asked.map(([request]) => request)).not.toContain('EndTxn');
  });

  test('of nothing asks nothing, and two at once are a bug', async () => {
    const { client, transactor } = await transactorWith();
    await transactor.commit({ records: [], groupPositions: null });
    expect(client.asked.map(([request]) => request)).toEqual(['InitProducerId']);
    const first = transactor.commit(BATCH);
    await expect(transactor.commit(BATCH)).rejects.toMatchObject({ code: 'OVERLAPPING_CALL' });
    await first;
  });
});
