import { describe, expect, test } from 'vitest';
import { decodeFramed, encodeFramed } from '../../schemas/codec.ts';
import { recordFromJson, recordToJson } from '../../schemas/json-form.ts';
import { schemaOfRecord } from '../../schemas/record-type.ts';
import { samplesOf } from '../../schemas/samples/sample-files.ts';
import { WriterSchema } from '../../schemas/writer-schema.ts';

const payment = {
  paymentId: 'pay-1',
  accountId: 'acct-1',
  provider: 'stripe',
  providerEventId: 'evt-1',
  kind: 'succeeded',
  amount: '12.50',
  currency: 'EUR',
  verified: true,
  occurredAt: '2026-03-01T10:00:00+01:00',
};

describe('records as JSON', () => {
  test('amounts and times are text that a person can read', () => {
    const record = recordFromJson('PaymentEvent', payment);
    expect(record.amount).toBe(12_500_000_000_000n);
    expect(recordToJson('PaymentEvent', record)).toEqual({
      ...payment,
      amount: '12.5',
      occurredAt: '2026-03-01T09:00:00.000Z',
    });
    expect(recordFromJson('PaymentEvent', { ...payment, amount: 12 }).amount).toBe(12_000_000_000_000n);
  });

  test.each<[string, object, string]>([
    ['an unknown field', { ...payment, tip: 1 }, 'field_unknown: PaymentEvent.tip'],
    ['a missing field', { ...payment, currency: undefined }, 'field_missing: PaymentEvent.currency'],
    ['a float amount', { ...payment, amount: 0.1 }, 'field_invalid: PaymentEvent.amount'],
    ['a malformed amount', { ...payment, amount: '1,5' }, 'amount_malformed: PaymentEvent.amount'],
    [
      'a number as time',
      { ...payment, occurredAt: 1_764_000_000_000 },
      'field_invalid: PaymentEvent.occurredAt',
    ],
    [
      'a time without zone',
      { ...payment, occurredAt: '2026-03-01T10:00:00' },
      'instant_malformed: PaymentEvent.occurredAt',
    ],
    ['an account id with a space', { ...payment, accountId: 'a b' }, 'id_malformed: PaymentEvent.accountId'],
    ['text for a boolean', { ...payment, verified: 'true' }, 'field_invalid: PaymentEvent.verified'],
    ['a list', [payment], 'field_invalid: PaymentEvent'],
  ])('%s is refused with its path', (_, json, message) => {
    expect(() => recordFromJson('PaymentEvent', json)).toThrow(message);
  });

  test('paths reach into lists', () => {
    const charge = Object(samplesOf('Charge')[0]?.json);
    const wrong = { ...charge, components: [{ ...charge.components[0], quantity: '7' }] };
    expect(() => recordFromJson('Charge', wrong)).toThrow('Charge.components.0.quantity');
  });

  test('fields with a default may be left out', () => {
    const { serviceTier, projectId, ...usage } = Object(samplesOf('UsageEvent')[0]?.json);
    const record = recordFromJson('UsageEvent', usage);
    expect([record.serviceTier, record.projectId]).toEqual(['standard', null]);
    expect([serviceTier, projectId]).not.toContain(undefined);
  });
});

test('a record of an older writer is read with the defaults of what it lacks', () => {
  const schema = schemaOfRecord('UsageEvent');
  const older = {
    ...schema,
    fields: schema.fields.filter((field) => !['backfill', 'sourceId'].includes(field.name)),
  };
  const usage = recordFromJson('UsageEvent', samplesOf('UsageEvent')[0]?.json);
  const writer = new WriterSchema(9, JSON.stringify(older));
  const framed = encodeFramed(
    'UsageEvent',
    { ...usage, sourceId: null, sourceSequence: null, backfill: false },
    9,
  );
  // The older writer has no place for sourceId and backfill; the number and the instant are null.
  const tail = framed.length - 4;
  const decoded = decodeFramed(
    'UsageEvent',
    Buffer.concat([framed.subarray(0, tail), Buffer.from([0, 0])]),
    () => writer,
  );
  expect(decoded).toMatchObject({
    ok: true,
    value: { requestId: usage.requestId, backfill: false, sourceId: null },
  });
});
