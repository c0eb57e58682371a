/**
 * A shipment: blocks of one table, at most one of each topic partition, that travel in one INSERT.
 *
 * An INSERT has a price of its own, whatever is in it: some fifty files to make and later to merge, forty milliseconds of
 * a core on the embedded server. Sent alone, the blocks of a trickle would pay it once for every topic partition.
 *
 * Invariants:
 *  1. All blocks lie in one month of append time, so the INSERT touches one table partition and is one part: the table
 *     holds all of the blocks or none.
 *  2. What was sent and not yet answered is never put together anew: the same blocks are sent again, in the same order
 *     and under the same token. A lane hands out its next block only when this one has landed.
 *  3. The token names every block with its range, so two shipments have the same token only if they hold the same rows.
 */
import { createHash } from 'node:crypto';
import { type Block, blockToken } from './block.ts';
import type { Lane } from './lane.ts';

export type Shipment = readonly [Block, ...Block[]];

export interface ShipmentLimits {
  /** A shipment of several blocks holds at most this many bytes of rows. */
  readonly shipmentBytesMax: number;
}

export function shipmentToken([first, ...others]: Shipment): string {
  const token = blockToken(first);
  if (others.length === 0) return token;
  const all = [token, ...others.map(blockToken)].join(' ');
  return `${token}+${others.length}-${createHash('sha256').update(all).digest('hex').slice(0, 32)}`;
}

/** The lanes whose next blocks may travel together, beginning with the first of these lanes that has one. */
export function lanesToShip(lanes: readonly Lane[], { shipmentBytesMax }: ShipmentLimits): readonly Lane[] {
  const chosen: Lane[] = [];
  let first: Block | null = null;
  let bytes = 0;
  for (const lane of lanes) {
    const block = lane.ready;
    if (block === null) continue;
    first ??= block;
    const fits = chosen.length === 0 || bytes + block.bytes.length <= shipmentBytesMax;
    if (!fits || block.monthStartMs !== first.monthStartMs) continue;
    chosen.push(lane);
    bytes += block.bytes.length;
  }
  return chosen;
}
