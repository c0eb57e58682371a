/**
 * Lives a history with a restart in the middle: the state goes through the bytes of a changelog and comes back.
 *
 * What a service answers must not show that it was restarted; places in the log begin anew and are not compared.
 */

import { encodeFramed } from '../../../schemas/codec.ts';
import type { Instant } from '../../../schemas/instant.ts';
import { MemorySchemaDirectory } from '../../../schemas/schema-directory-memory.ts';
import { keyBytes } from '../../../topology/key-bytes.ts';
import type { Scenario } from '../../support/scenario.ts';

type Fact = (world: Scenario) => Scenario['written'];

const directory = new MemorySchemaDirectory();

/** The answers of a history; with `restartAt`, the service is new before the fact of that number. */
export function answersOf(
  newWorld: () => Scenario,
  facts: readonly Fact[],
  restartAt: number | null,
): Scenario['written'] {
  let world = newWorld();
  let now: Instant | null = null;
  const answers: Scenario['written'][number][] = [];
  for (const [number, fact] of facts.entries()) {
    if (number === restartAt) {
      const next = newWorld();
      // Stream time comes back before the state does, as from a checkpoint: nothing is due in an empty world.
      if (now !== null) next.tick(now);
      world = restored(world, next);
    }
    const current = world;
    answers.push(
      ...fact({
        ...current,
        tick(time) {
          if (now === null || time > now) now = time;
          return current.tick(time);
        },
      }),
    );
  }
  return [...answers, ...world.project()];
}

function restored(from: Scenario, to: Scenario): Scenario {
  from.project();
  for (const [table, rows] of Object.entries(from.store.tables)) {
    const record = from.store.recordOf(table);
    if (record === null) throw new Error(`${table} has no record`);
    for (const key of rows.keys()) {
      const value = rows.get(key);
      if (value === undefined) continue;
      const bytes = encodeFramed(record, value, directory.idOf(record));
      to.store.restore({ table, key: keyBytes(key), bytes, dueAt: undefined });
    }
  }
  return to;
}
