/** The words of a plan: who there is, from when until when, and what is sent at which time. */
import type { Customer } from '../../infra/main-job/world.ts';
import type { Publication } from '../../topology/publication.ts';

export const DAY_MS = 86_400_000;

export interface World {
  readonly people: readonly Customer[];
  readonly from: number;
  readonly until: number;
}

/** One thing to send; what is of one group keeps its order, whatever else is shuffled. */
export type Sending =
  | { readonly at: number; readonly group: string; readonly publication: Publication }
  /** Bytes that no service can read, with the code under which they must be kept. */
  | { readonly at: number; readonly group: string; readonly poisonOf: Publication }
  /** Written by another version of the sender, whose schema the tasks must load. */
  | { readonly at: number; readonly group: string; readonly foreign: Publication };
