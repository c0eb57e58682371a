/** Steps without the digest of their outputs, to be compared with those that have it. */
import { NO_DIGEST } from '../../topology/digest.ts';
import type { Digesting } from '../../topology/step-outputs.ts';

export const NOT_DIGESTED: Digesting = { add: () => undefined, end: () => NO_DIGEST };
