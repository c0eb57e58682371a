/** The rating process: environment and signals in, one task for each of its partitions. */
import { runProcess } from '../../topology/process.ts';
import { rating } from './processor.ts';

await runProcess(rating, process);
