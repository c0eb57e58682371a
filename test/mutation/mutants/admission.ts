/** Bugs in admission: duplicates, conflicts, and what is kept of a record that is not taken. */
import type { Mutant } from '../mutant.ts';

export const ADMISSION: readonly Mutant[] = [
  {
    name: 'duplicate-is-new',
    requirement: 'R10',
    file: 'topology/intake.ts',
    find: "if (sighting === 'new') return null;",
    replace: "if (sighting !== 'conflict') return null;",
    why: 'Only the conflict looked at: a producer that tries again is charged twice.',
    suites: ['test/topology/intake.test.ts'],
  },
  {
    name: 'conflict-is-duplicate',
    requirement: 'R10',
    file: 'topology/admission-window.ts',
    find: "word < ID_BYTES / 4 ? 'other' : 'conflict'",
    replace: "word < ID_BYTES / 4 ? 'other' : 'duplicate'",
    why: 'Payloads not compared: a reused id hides a use that was never charged.',
    suites: ['test/topology/admission-window.test.ts'],
  },
  {
    name: 'mark-without-effect',
    requirement: 'R10',
    file: 'topology/intake.ts',
    find: 'if (problem !== null) return refusal(problem, event);',
    replace: `if (problem !== null) {
      const id = hash('sha256', event.accountId + '\\0' + event.requestId, 'buffer');
      this.#window.see(id, payloadDigest(Buffer.alloc(0)), decoded.appendedAt);
      return refusal(problem, event);
    }`,
    why: 'The id remembered before the use is accepted: the mended use is then refused as a conflict.',
    suites: ['test/topology/intake.test.ts'],
  },
  {
    name: 'id-without-account',
    requirement: 'R20',
    file: 'topology/intake.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is the text of a template.
    find: '${event.accountId}\\0${event.requestId}',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is the text of a template.
    replace: '${event.requestId}',
    why: 'Request ids taken to be unique in the world: one customer uses up the ids of another.',
    suites: ['test/topology/intake.test.ts'],
  },
  {
    name: 'horizon-an-age-short',
    requirement: 'R10',
    file: 'topology/admission-window.ts',
    find: 'this.#expireBefore(age - AGES_PER_HORIZON)',
    replace: 'this.#expireBefore(age - AGES_PER_HORIZON + 1)',
    why: 'Off by one in ages: an id is forgotten before its use is too old to be sent again.',
    suites: ['test/topology/admission-window.test.ts'],
  },
  {
    name: 'age-limit-exclusive',
    requirement: 'R9',
    file: 'schemas/usage-rules.ts',
    find: 'appendedAt - event.occurredAt <= USAGE_LIMITS.ageMaxMs',
    replace: 'appendedAt - event.occurredAt < USAGE_LIMITS.ageMaxMs',
    why: 'The promise is 35 days, the last millisecond included.',
    suites: ['test/schemas/usage-rules.test.ts'],
  },
  {
    name: 'refusal-without-field',
    requirement: 'R12',
    file: 'topology/step.ts',
    find: 'const { code, field } = refusal;',
    replace: 'const { code } = refusal;\n    const field = null;',
    why: 'A field dropped in copying: the producer learns that something is wrong and not what.',
    suites: ['test/topology/intake.test.ts', 'test/topology/rejected-records.test.ts'],
  },
  {
    name: 'refusal-with-one-code',
    requirement: 'R12',
    file: 'topology/intake.ts',
    find: 'code: problem.code,',
    replace: "code: 'invalid_value',",
    why: 'A code for everything: nobody can act on it, and a dashboard shows one bar.',
    suites: ['test/topology/intake.test.ts'],
  },
  {
    name: 'dead-letter-truncated',
    requirement: 'R12',
    file: 'topology/step.ts',
    find: 'value: record.value,',
    replace: 'value: record.value?.subarray(0, 1_024) ?? null,',
    why: 'A bound meant for the message put on the bytes: what nobody could read can never be repaired.',
    suites: ['test/topology/rejected-records.test.ts'],
  },
  {
    name: 'transient-forgotten',
    requirement: 'R15',
    file: 'topology/step.ts',
    find: 'refusalRule(code)?.transient === true',
    replace: 'refusalRule(code)?.transient === undefined',
    why: 'What will be mended by itself is told as final, so people send it again under new ids.',
    suites: ['test/topology/rejected-records.test.ts'],
  },
  {
    name: 'schema-trouble-is-poison',
    requirement: 'R12',
    file: 'topology/writer-schemas.ts',
    find: "=== 'loaded') return 'loaded';",
    replace: "!== 'loaded') return 'unknown';",
    why: 'One attempt at the registry: a schema registered a moment ago makes a dead letter of a good record.',
    suites: ['test/topology/task.test.ts'],
  },
  {
    name: 'verdict-depends-on-neighbours',
    requirement: 'R12',
    file: 'schemas/codec.ts',
    find: 'if (to < memory.length) return decodeBody(extentOf(viewOf({ memory, from, to })), writer, plan);',
    replace: '',
    why: 'A record that ends too early is judged with the bytes of the next one: a replay gives its dead letter another code.',
    suites: ['test/schemas/codec-hostile.test.ts'],
  },
];
