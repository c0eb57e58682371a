/** All processors, loaded only when a command needs their rules: replaying, and naming the schemas of their state. */
import type { AnyProcessor } from '../../topology/processor.ts';

export async function loadProcessors(): Promise<readonly AnyProcessor[]> {
  return (await import('../processors.ts')).PROCESSORS;
}
