/**
 * Faults aimed at single requests: the n-th request or answer of one kind is cut off, delayed, or kept for later.
 *
 * Boundary: decides; the proxy carries it out. What else happens at that moment (a process is killed, say) is handed in.
 *
 * Invariant: each aim strikes at most once, and whoever armed it learns when it did.
 */
import type { ApiName } from './kafka-frames.ts';
import type { Judge, KeptRequest, Passage, Verdict } from './kafka-proxy.ts';

/** Between which two frames of a transaction the fault falls. */
export interface Aim {
  readonly api: ApiName;
  /** `request`: the broker never sees it. `reply`: the broker has carried it out, and nobody learns of it. */
  readonly at: Passage['at'];
  /** The n-th such frame from now on; the first when absent. */
  readonly nth?: number;
  /** Only frames of this client; anybody's when absent. */
  readonly clientId?: string;
}

export interface Strike {
  /** What happens with the frame; it is cut off when absent. */
  readonly verdict?: Verdict;
  /** Done while the frame waits, and waited for. */
  readonly meanwhile?: (passage: Passage) => void | Promise<void>;
}

interface Armed extends Aim, Strike {
  left: number;
  readonly struck: () => void;
}

const FORWARD: Verdict = { kind: 'forward' };
const CUT: Verdict = { kind: 'cut' };

export class Cuts {
  #armed: readonly Armed[] = [];

  readonly judge: Judge = async (passage) => {
    const hit = this.#armed.find((armed) => matches(armed, passage) && --armed.left === 0);
    if (hit === undefined) return FORWARD;
    this.#armed = this.#armed.filter((armed) => armed !== hit);
    await hit.meanwhile?.(passage);
    hit.struck();
    return hit.verdict ?? CUT;
  };

  /** Resolves when the fault struck. */
  arm(aim: Aim, strike: Strike = {}): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#armed = [...this.#armed, { ...aim, ...strike, left: aim.nth ?? 1, struck: resolve }];
    return promise;
  }

  /** Keeps the request back and cuts its sender off; resolves with the request, to be delivered at will. */
  keep(aim: Omit<Aim, 'at'>): Promise<KeptRequest> {
    const { promise, resolve } = Promise.withResolvers<KeptRequest>();
    void this.arm({ ...aim, at: 'request' }, { verdict: { kind: 'keep', take: resolve } });
    return promise;
  }

  /** Takes back what has not struck. */
  disarm(): void {
    this.#armed = [];
  }
}

function matches({ api, at, clientId }: Aim, passage: Passage): boolean {
  if (at !== passage.at || api !== passage.asked.api) return false;
  return clientId === undefined || clientId === passage.asked.clientId;
}
