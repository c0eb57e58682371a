/** The outcome-confidence process: environment and signals in, one task for each of its partitions. */
import { runProcess } from '../../topology/process.ts';
import { outcomeConfidence } from './processor.ts';

await runProcess(outcomeConfidence, process);
