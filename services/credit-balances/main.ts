/** The credit-balances process: environment and signals in, one task for each of its partitions. */
import { runProcess } from '../../topology/process.ts';
import { creditBalances } from './processor.ts';

await runProcess(creditBalances, process);
