/**
 * Decides, from the seed, what goes wrong and when, and counts it.
 *
 * Invariants:
 *  1. Only kinds that the options allow, and at most `faultsMax` of them.
 *  2. When `isOn` is false nothing is drawn, so a run can be brought to rest.
 */
import type { Random } from '../../infra/main-job/random.ts';
import { Counts } from '../../infra/proof/sums.ts';
import { LogError } from '../../topology/log.ts';
import type { Fault, FaultPoint } from '../../topology/log-memory-faults.ts';
import type { FaultKind, SimulationOptions } from './options.ts';
import type { Point } from './scheduler.ts';

const COMMIT_FAULTS: readonly Fault[] = ['fail_before', 'fail_after', 'lose_request', 'stay_open'];
const FETCH_FAULTS: readonly Fault[] = ['fail_before', 'short', 'empty', 'delay'];
const DEATHS = ['kill', 'freeze', 'takeover'] as const;

/** Points at which a death is most telling are tried several times as often. */
const POINT_WEIGHTS: Readonly<Partial<Record<Point, number>>> = {
  open: 3,
  opened: 3,
  bounds: 3,
  schema: 5,
  commit: 4,
  written: 4,
  committed: 4,
};

export class Chaos {
  readonly counts = new Counts();
  readonly #random: Random;
  readonly #options: Pick<SimulationOptions, 'kinds' | 'faultsMax'>;
  /** How rough this run is, in times the usual. */
  readonly #roughness: number;
  #left: number;
  isOn = true;

  constructor(random: Random, options: Pick<SimulationOptions, 'kinds' | 'faultsMax'>) {
    this.#random = random;
    this.#options = options;
    this.#left = options.faultsMax;
    this.#roughness = random.pick([0, 1, 1, 2, 3, 8]);
  }

  /** How an actor parked at this point ends now, or null. */
  deathAt(point: Point): (typeof DEATHS)[number] | null {
    if (point === 'start' || !this.#chance(POINT_WEIGHTS[point] ?? 1)) return null;
    const kind = this.#random.pick(DEATHS);
    return this.#allows(kind, `${kind} at ${point}`) ? kind : null;
  }

  /** The hook of the memory log. */
  faultAt(point: FaultPoint): Fault {
    if (point.at === 'commit' && this.#chance(8)) return this.#pick('commit', 'commit', COMMIT_FAULTS);
    if (point.at === 'fetch' && this.#chance(8)) return this.#pick('fetch', 'fetch', FETCH_FAULTS);
    if (point.at === 'open' && this.#chance(15)) return this.#pick('broker', 'open', ['fail_before']);
    return 'none';
  }

  /** Fails a call that only asks. */
  askBroker(name: string): void {
    if (!this.#chance(10) || !this.#allows('broker', `${name}: no answer`)) return;
    throw new LogError('retriable', 'INJECTED', `no answer to ${name}`);
  }

  /** Whether to try something of this kind now, `perMille` times in a thousand. */
  tries(kind: FaultKind, perMille: number): boolean {
    return this.#chance(perMille) && this.#allows(kind, kind);
  }

  #pick(kind: FaultKind, name: string, ways: readonly Fault[]): Fault {
    const way = this.#random.pick(ways);
    return this.#allows(kind, `${name}: ${way}`) ? way : 'none';
  }

  #chance(perMille: number): boolean {
    return this.isOn && this.#random.below(1_000) < perMille * this.#roughness;
  }

  #allows(kind: FaultKind, name: string): boolean {
    if (this.#left === 0 || !this.#options.kinds.has(kind)) return false;
    this.#left -= 1;
    this.counts.add(name);
    return true;
  }
}
