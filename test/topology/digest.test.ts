/** Digests of outputs and of steps: any change of any byte, place or order gives another digest. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { instantOfMillis } from '../../schemas/instant.ts';
import { type DigestedOutput, digestOutputs, NO_DIGEST, sealStep } from '../../topology/digest.ts';

const FRAME = Buffer.from([0, 0, 0, 0, 9]);

function output(topic: string, key: string | Buffer, body: string | Buffer, frame = FRAME): DigestedOutput {
  return { topic, key: Buffer.from(key), value: Buffer.concat([frame, Buffer.from(body)]) };
}

function hex(outputs: readonly DigestedOutput[]): string {
  return digestOutputs(outputs).toString('hex');
}

/** The definition in plain words: each piece behind its length. */
function defined(outputs: readonly DigestedOutput[]): string {
  const hash = createHash('sha256');
  for (const { topic, key, value } of outputs) {
    for (const piece of [Buffer.from(topic, 'latin1'), key, value.subarray(5)]) {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(piece.length);
      hash.update(length).update(piece);
    }
  }
  return hash.digest('hex');
}

const anyOutput = fc
  .record({
    topic: fc.constantFrom('charges', 'journal', 'balances'),
    key: fc.uint8Array({ maxLength: 12 }),
    body: fc.uint8Array({ maxLength: 40 }),
  })
  .map(({ topic, key, body }) => output(topic, Buffer.from(key), Buffer.from(body)));
const someOutputs = fc.array(anyOutput, { minLength: 1, maxLength: 8 });

describe('outputs', () => {
  test('the digest is that of each piece behind its length, whatever the sizes', () => {
    const sizes = [0, 1, 40, 70_000, 30_000, 30_000, 64 * 1024 - 20, 64 * 1024, 200_000, 3];
    const outputs = sizes.map((size, index) => output('charges', `key-${index}`, Buffer.alloc(size, index)));
    expect(hex(outputs)).toBe(defined(outputs));
    fc.assert(fc.property(someOutputs, (some) => hex(some) === defined(some)));
  });

  test('a flipped bit, a dropped, repeated, inserted or moved output gives another digest', () => {
    const change = fc.record({
      at: fc.nat(),
      byte: fc.nat(),
      bit: fc.integer({ min: 0, max: 7 }),
      extra: anyOutput,
    });
    fc.assert(
      fc.property(someOutputs, change, (outputs, { at, byte, bit, extra }) => {
        const index = at % outputs.length;
        const chosen = outputs[index];
        if (chosen === undefined) return;
        const without = outputs.filter((_, other) => other !== index);
        const variants: readonly (readonly DigestedOutput[])[] = [
          without,
          outputs.toSpliced(index, 0, chosen),
          outputs.toSpliced(index, 0, extra),
          ...(chosen.key.length === 0 ? [] : [outputs.with(index, flipped(chosen, 'key', byte, bit))]),
          ...(chosen.value.length === 5 ? [] : [outputs.with(index, flipped(chosen, 'value', byte, bit))]),
        ];
        for (const variant of variants) expect(hex(variant)).not.toBe(hex(outputs));
        const moved = [...without, chosen];
        expect(hex(moved) === hex(outputs)).toBe(text(moved) === text(outputs));
      }),
    );
  });

  test('bytes cannot move from one piece to the next', () => {
    const base = hex([output('charges', 'ab', 'cd')]);
    const others = [
      [output('charges', 'a', 'bcd')],
      [output('charges', 'abc', 'd')],
      [output('charge', 'sab', 'cd')],
      [output('charges', 'ab', ''), output('', '', 'cd')],
      [output('charges', 'ab', 'cd'), output('', '', '')],
    ];
    for (const other of others) expect(hex(other)).not.toBe(base);
  });

  test('another registry may number the schemas otherwise', () => {
    const other = Buffer.from([0, 1, 2, 3, 4]);
    expect(hex([output('charges', 'k', 'v', other)])).toBe(hex([output('charges', 'k', 'v')]));
  });
});

function flipped(chosen: DigestedOutput, piece: 'key' | 'value', byte: number, bit: number): DigestedOutput {
  const skip = piece === 'value' ? 5 : 0;
  const bytes = Buffer.from(chosen[piece]);
  const at = skip + (byte % (bytes.length - skip));
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
  return { ...chosen, [piece]: bytes };
}

function text(outputs: readonly DigestedOutput[]): string {
  return JSON.stringify(
    outputs.map(({ topic, key, value }) => [topic, key.toString('hex'), value.toString('hex')]),
  );
}

describe('steps', () => {
  const step = {
    service: 'rating',
    partition: 1,
    step: 4,
    ranges: [{ topic: 'usage-events', from: 3, to: 9 }],
    held: [{ topic: 'usage-events', offset: 5 }],
    streamTime: instantOfMillis(1_000),
    outputs: 2,
    outputDigest: Buffer.alloc(32, 1),
    previousDigest: Buffer.alloc(32, 2),
  };

  test.each([
    ['service', { service: 'ratinh' }],
    ['partition', { partition: 2 }],
    ['number', { step: 5 }],
    ['range topic', { ranges: [{ topic: 'usage-eventt', from: 3, to: 9 }] }],
    ['range start', { ranges: [{ topic: 'usage-events', from: 4, to: 9 }] }],
    ['range end', { ranges: [{ topic: 'usage-events', from: 3, to: 8 }] }],
    ['one range less', { ranges: [] }],
    ['held records', { held: [] }],
    ['stream time', { streamTime: null }],
    ['count of outputs', { outputs: 3 }],
    ['digest of outputs', { outputDigest: Buffer.alloc(32, 3) }],
    ['digest of the step before', { previousDigest: Buffer.alloc(32, 3) }],
  ])('its digest covers the %s', (_, change) => {
    expect(sealStep({ ...step, ...change }).digest).not.toEqual(sealStep(step).digest);
  });

  test('sealing twice gives the same, and the chain begins with zeros', () => {
    expect(sealStep(sealStep(step))).toEqual(sealStep(step));
    expect(NO_DIGEST).toEqual(Buffer.alloc(32));
  });
});
