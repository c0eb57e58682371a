/** The invoice-rollups process: environment and signals in, one task for each of its partitions. */
import { runProcess } from '../../topology/process.ts';
import { invoiceRollups } from './processor.ts';

await runProcess(invoiceRollups, process);
