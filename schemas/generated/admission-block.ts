// Generated from records/admission-block.avsc by npm run generate; do not edit.
import type { Instant } from '../instant.ts';

/** Ids admitted by one step: 16 bytes of id digest and 8 bytes of payload digest each. */
export interface AdmissionBlock {
  readonly appendedFrom: Instant;
  readonly appendedTo: Instant;
  readonly entries: Buffer;
}
