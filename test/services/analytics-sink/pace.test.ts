import { describe, expect, it } from 'vitest';
import { Pace } from '../../../services/analytics-sink/pace.ts';

describe('the pace of small inserts', () => {
  it('does not rest before the first', () => {
    expect(new Pace({ restFactor: 3, restMsMax: 1_000 }).isResting(0)).toBe(false);
  });

  it('rests a multiple of the time an insert took', () => {
    const pace = new Pace({ restFactor: 3, restMsMax: 1_000 });
    pace.inserted(10, 100);
    expect(pace.isResting(129)).toBe(true);
    expect(pace.isResting(130)).toBe(false);
  });

  it('adds up the rests of inserts that follow each other closely', () => {
    const pace = new Pace({ restFactor: 2, restMsMax: 1_000 });
    pace.inserted(10, 100);
    pace.inserted(10, 110);
    expect(pace.isResting(139)).toBe(true);
    expect(pace.isResting(140)).toBe(false);
  });

  it('does not save up rest that was never needed', () => {
    const pace = new Pace({ restFactor: 2, restMsMax: 1_000 });
    pace.inserted(10, 100);
    pace.inserted(1, 5_000);
    expect(pace.isResting(5_001)).toBe(true);
    expect(pace.isResting(5_002)).toBe(false);
  });

  it('never rests longer than the bound, however many slow inserts came before', () => {
    const pace = new Pace({ restFactor: 2, restMsMax: 1_000 });
    for (let insert = 0; insert < 100; insert += 1) pace.inserted(400, 5_000);
    expect(pace.isResting(5_999)).toBe(true);
    expect(pace.isResting(6_000)).toBe(false);
  });
});
