import { describe, expect, test } from 'vitest';
import { parseInstant } from '../../../schemas/instant.ts';
import { CLAIMED, claim, definition, outcomeWorld, readable, tick, verification } from './facts.ts';
import { rows } from './table.ts';

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
const FALLBACK = 'c1 auto billable verification_timeout';

describe('the deadline', () => {
  rows([
    {
      name: 'has not come a millisecond before the end of the window',
      given: [definition(), claim()],
      when: tick('2026-03-11T11:59:59.999Z'),
      answers: [],
    },
    {
      name: 'comes at the end of the window, and the base rate is charged',
      given: [definition(), claim()],
      when: tick('2026-03-11T12:00:00Z'),
      answers: [FALLBACK],
    },
    {
      name: 'may also end in nothing billed',
      given: [definition({ fallbackAction: 'reject' }), claim()],
      when: tick('2026-03-11T12:00:00Z'),
      answers: ['c1 reject free verification_timeout'],
    },
    {
      name: 'comes once',
      given: [definition(), claim(), tick('2026-03-11T12:00:00Z')],
      when: tick('2026-03-12T12:00:00Z'),
      answers: [],
    },
    {
      name: 'does not come for a decided claim',
      given: [definition(), claim(), verification('0.1')],
      when: tick('2026-03-12T12:00:00Z'),
      answers: [],
    },
    {
      name: 'does not come for a claim without a definition',
      given: [claim()],
      when: tick('2027-03-12T12:00:00Z'),
      answers: [],
    },
    {
      name: 'counts from the claim when the definition comes late',
      given: [claim(), tick('2026-03-11T12:00:00Z'), definition()],
      when: tick('2026-03-11T12:00:01Z'),
      answers: [FALLBACK],
    },
    {
      name: 'of a claim that came after it is met by the next tick',
      given: [definition(), tick('2026-03-15T00:00:00Z'), claim()],
      when: tick('2026-03-15T00:00:01Z'),
      answers: [FALLBACK],
    },
    {
      name: 'is forgotten where the verification came before the tick, however late by its own time',
      given: [
        definition(),
        claim(),
        verification('0.95', { verifiedAt: parseInstant('2026-03-12T00:00:00Z') }),
      ],
      when: tick('2026-03-12T12:00:00Z'),
      answers: [],
    },
  ]);

  test.each([
    ['immediate, 5 s', 5 * SECOND_MS],
    ['immediate, 30 s', 30 * SECOND_MS],
    ['short, 24 h', DAY_MS],
    ['long, 7 days', 7 * DAY_MS],
    ['long, 30 days', 30 * DAY_MS],
  ])('of a window is only a number of milliseconds: %s', (_name, verificationWindowMs) => {
    const world = outcomeWorld();
    definition({ verificationWindowMs })(world);
    claim()(world);
    const text = (offset: number): string => new Date(CLAIMED + verificationWindowMs + offset).toISOString();
    expect(readable(tick(text(-1))(world))).toEqual([]);
    expect(readable(tick(text(0))(world))).toEqual([FALLBACK]);
  });

  test('uses the definition that the claim is bound to, whatever came later', () => {
    const world = outcomeWorld();
    definition()(world);
    claim()(world);
    definition({ version: 2, fallbackAction: 'reject', verificationWindowMs: 1 })(world);
    claim('c2')(world);
    expect(readable(tick('2026-03-10T13:00:00Z')(world))).toEqual(['c2 reject free verification_timeout']);
    expect(readable(tick('2026-03-11T12:00:00Z')(world))).toEqual([FALLBACK]);
  });
});

describe('the decision record', () => {
  test('on a verification cites it and what it was judged by', () => {
    const world = outcomeWorld();
    definition({ version: 3 })(world);
    claim()(world);
    tick('2026-03-10T18:00:00Z')(world);
    expect(verification('0.95')(world)).toEqual([
      {
        topic: 'outcome-decisions',
        key: 'acme',
        value: {
          decisionId: 'decision:acme:c1',
          claimId: 'c1',
          accountId: 'acme',
          outcomeType: 'ticket_resolved',
          caseId: 'case-c1',
          projectId: 'support',
          costCentre: 'cc-7',
          bucket: 'auto',
          billable: true,
          basis: 'verification',
          reason: 'confidence_auto',
          confidence: 950_000_000_000n,
          definitionVersion: 3,
          policyVersion: 'policy-1',
          claimedAt: CLAIMED,
          decidedAt: parseInstant('2026-03-10T18:00:00Z'),
          cause: { topic: 'outcome-verifications', partition: 0, offset: 0 },
        },
      },
    ]);
  });

  test('on a timeout cites the tick and claims no confidence', () => {
    const world = outcomeWorld();
    definition()(world);
    claim()(world);
    expect(tick('2026-03-11T12:00:05Z')(world)).toMatchObject([
      {
        value: {
          basis: 'fallback',
          confidence: null,
          decidedAt: parseInstant('2026-03-11T12:00:05Z'),
          cause: { topic: 'clock-ticks', partition: 0, offset: 0 },
        },
      },
    ]);
  });

  test('before the first tick is dated by the append time of its evidence, also when the claim came later', () => {
    const world = outcomeWorld();
    definition()(world);
    world.appendAt(parseInstant('2026-03-10T13:00:00Z'));
    verification('0.95')(world);
    world.appendAt(parseInstant('2026-03-10T14:00:00Z'));
    expect(claim()(world)).toMatchObject([
      {
        value: {
          decidedAt: parseInstant('2026-03-10T13:00:00Z'),
          cause: { topic: 'outcome-verifications', offset: 0 },
        },
      },
    ]);
  });

  test('is made by the version in force when the outcome was claimed', () => {
    const world = outcomeWorld();
    definition({ version: 2, effectiveAt: parseInstant('2026-03-10T12:00:01Z') })(world);
    definition({ version: 1 })(world);
    claim()(world);
    claim('c2', { claimedAt: parseInstant('2026-03-10T12:00:01Z') })(world);
    expect(verification('0.95')(world)).toMatchObject([{ value: { definitionVersion: 1 } }]);
    expect(verification('0.95', {}, 'c2')(world)).toMatchObject([{ value: { definitionVersion: 2 } }]);
  });

  test('of two versions at one instant is made by the higher', () => {
    const world = outcomeWorld();
    definition({ version: 2 })(world);
    definition({ version: 1 })(world);
    claim()(world);
    expect(verification('0.95')(world)).toMatchObject([{ value: { definitionVersion: 2 } }]);
  });
});
