/** Which topics a head covers, who writes each and who reads it. */
import { GRAPH } from '../../topology/graph.ts';
import { SERVICES, type ServiceName, serviceTopics, TOPICS } from '../../topology/topics.ts';

/** Everything but the changelogs, which are derived from the rest, and compacted without pause. */
export function sealedTopics(): readonly string[] {
  const derived = SERVICES.flatMap((service) => [
    serviceTopics(service).rejected,
    serviceTopics(service).steps,
  ]);
  return [...Object.keys(TOPICS), ...derived];
}

/** The topics that a service reads or writes. */
export function topicsOf(service: ServiceName): readonly string[] {
  const { rejected, steps } = serviceTopics(service);
  return [...GRAPH[service].inputs, ...GRAPH[service].outputs, rejected, steps];
}

export function writerOf(topic: string): ServiceName | null {
  return (
    SERVICES.find((service) => {
      const outputs: readonly string[] = GRAPH[service].outputs;
      return outputs.includes(topic) || Object.values(serviceTopics(service)).includes(topic);
    }) ?? null
  );
}

export function readersOf(topic: string): readonly ServiceName[] {
  return SERVICES.filter((service) => {
    const inputs: readonly string[] = GRAPH[service].inputs;
    return inputs.includes(topic);
  });
}

export function stepsTopicService(topic: string): ServiceName | null {
  return SERVICES.find((service) => serviceTopics(service).steps === topic) ?? null;
}

export function isCompacted(topic: string): boolean {
  const rules: Readonly<Record<string, object>> = TOPICS;
  return 'compacted' in (rules[topic] ?? {});
}
