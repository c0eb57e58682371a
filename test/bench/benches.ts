/** Every bench of the command, in the order in which several are run. */
import type { Bench } from './bench.ts';
import { CHECK } from './check.ts';
import { benchOf, COMPARED, PROOF } from './comparisons.ts';
import { END_TO_END } from './end-to-end.ts';
import { GROWTH } from './growth.ts';
import { PEER } from './peer/bench.ts';
import { REPLAY, RESTORE } from './replay.ts';
import { SYSTEM } from './system.ts';
import { TRANSACTIONS } from './transactions.ts';

export const BENCHES: readonly Bench[] = [
  ...COMPARED.map(benchOf),
  PROOF,
  TRANSACTIONS,
  SYSTEM,
  END_TO_END,
  REPLAY,
  RESTORE,
  GROWTH,
  PEER,
  CHECK,
];
