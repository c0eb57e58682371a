/** Every mutant still applies to the source as it is, and the table of results names the same mutants. */
import { existsSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { applied, needsReal } from './mutant.ts';
import { MUTANTS } from './mutants.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const MUTANTS_MIN = 30;
const KAFKA_MUTANTS_MIN = 6;

describe('the list', () => {
  test('is long enough, and names are unique', () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(MUTANTS_MIN);
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  });

  test('reaches the Kafka side, where the fast suites can see it', () => {
    const ofKafka = MUTANTS.filter(({ file }) => /^topology\/(?:log-kafka|record-batch)/.test(file));
    expect(ofKafka.filter((mutant) => !needsReal(mutant)).length).toBeGreaterThanOrEqual(KAFKA_MUTANTS_MIN);
  });

  test('is what the table of results shows', () => {
    const table = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8');
    const shown = [...table.matchAll(/^\| (\S+) +\| R\d+ /gm)].map(([, name]) => name);
    const optional = new Set(MUTANTS.filter(needsReal).map(({ name }) => name));
    const isNeeded = (name = ''): boolean => !optional.has(name);
    expect(shown.filter(isNeeded)).toEqual(MUTANTS.map(({ name }) => name).filter(isNeeded));
  });
});

describe.each(MUTANTS)('$name', (mutant) => {
  test('applies exactly once and is still a program', () => {
    const change = applied(ROOT, mutant);
    expect(change, `"${mutant.find}" is not exactly once in ${mutant.file}`).not.toBeNull();
    expect(change?.after).not.toBe(change?.before);
    if (mutant.file.endsWith('.ts')) expect(() => stripTypeScriptTypes(change?.after ?? '')).not.toThrow();
  });

  test('has a reason, a requirement and suites that exist', () => {
    expect(mutant.why).toMatch(/^[A-Z].*\.$/);
    expect(mutant.requirement).toMatch(/^R\d+$/);
    expect(mutant.suites.length).toBeGreaterThan(0);
    expect(mutant.suites.filter((suite) => !existsSync(join(ROOT, suite)))).toEqual([]);
  });
});
