/** Every bench of the command, in the order in which several are run. */
import type { Bench } from './bench.ts';
import { CHECK } from './check.ts';
import { benchOf, COMPARED, PROOF } from './comparisons.ts';
import { TRANSACTIONS } from './transactions.ts';

export const BENCHES: readonly Bench[] = [...COMPARED.map(benchOf), PROOF, TRANSACTIONS, CHECK];
