// Generated from state/price-suspense-slot.avsc by npm run generate; do not edit.

/** One place in a suspense queue. */
export interface SuspenseSlot {
  /** Key of the waiting item in the table of its service. */
  readonly item: string;
}
