/** The cost-attribution process: environment and signals in, one task for each of its partitions. */
import { runProcess } from '../../topology/process.ts';
import { costAttribution } from './processor.ts';

await runProcess(costAttribution, process);
