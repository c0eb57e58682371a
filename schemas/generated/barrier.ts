// Generated from records/barrier.avsc by npm run generate; do not edit.

/** Written by a new owner of a task; reading the changelog up to one's own barrier is reading all of it. */
export interface Barrier {
  readonly barrierId: string;
}
