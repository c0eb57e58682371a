/**
 * The words of outcome-confidence: what it reads, what it keeps, what it answers.
 *
 * Boundary: types and keys. Inputs and tables are described by shape, so that the rules depend on schemas alone;
 * `processor.ts` binds them to topics and changelogged tables.
 */
import type { ClockTick } from '../../schemas/generated/clock-tick.ts';
import type { OutcomeCase } from '../../schemas/generated/outcome-case.ts';
import type { OutcomeClaim } from '../../schemas/generated/outcome-claim.ts';
import type { Cause, OutcomeDecision } from '../../schemas/generated/outcome-decision.ts';
import type { OutcomeDefinition } from '../../schemas/generated/outcome-definition.ts';
import type { OutcomeEvidence } from '../../schemas/generated/outcome-evidence.ts';
import type { OutcomeTimeline } from '../../schemas/generated/outcome-timeline.ts';
import type { OutcomeVerification } from '../../schemas/generated/outcome-verification.ts';
import type { AccountId } from '../../schemas/ids.ts';
import type { Instant } from '../../schemas/instant.ts';
import type { RefusalCode } from '../../schemas/refusals.ts';

interface Taken<Topic extends string, Value> {
  readonly topic: Topic;
  readonly value: Value;
  readonly recordedAt: Instant;
  readonly streamTime: Instant | null;
  readonly cause: Cause;
}

export type OutcomeInput =
  | Taken<'outcome-definitions', OutcomeDefinition>
  | Taken<'outcome-claims', OutcomeClaim>
  | Taken<'outcome-verifications', OutcomeVerification>
  | Taken<'clock-ticks', ClockTick>;

export type InputOf<Topic extends OutcomeInput['topic']> = Extract<OutcomeInput, { readonly topic: Topic }>;

interface Rows<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
  due(now: Instant): readonly string[];
  keys(): Iterable<string>;
}

export interface Desk {
  /** By outcome type. */
  readonly timelines: Rows<OutcomeTimeline>;
  /** By `definitionKey`. */
  readonly definitions: Rows<OutcomeDefinition>;
  /** Claims with a definition, open or decided, by `caseKey`. */
  readonly cases: Rows<OutcomeCase>;
  /** Claims whose outcome has no definition in force yet, by `caseKey`. */
  readonly undefinedCases: Rows<OutcomeCase>;
  /** Verifications that wait for their claim or its definition, by `caseKey`. */
  readonly evidence: Rows<OutcomeEvidence>;
}

export interface Decided {
  readonly topic: 'outcome-decisions';
  readonly key: string;
  readonly value: OutcomeDecision;
}

export interface Refused {
  readonly topic: 'rejected';
  readonly code: RefusalCode;
  readonly field: string | null;
  readonly message: string;
  readonly accountId: AccountId | null;
  readonly recordId: string;
}
