/** The graph on one screen is the graph that runs, and it has the shape that the rest of the system relies on. */
import { describe, expect, test } from 'vitest';
import { PROCESSORS } from '../../infra/processors.ts';
import { GRAPH } from '../../topology/graph.ts';
import { SERVICES, serviceTopics, TOPICS, type TopicName, type Writer } from '../../topology/topics.ts';

const OUTSIDE: ReadonlySet<Writer> = new Set(['gateway', 'producers', 'ticker']);
const topics = Object.entries(TOPICS);
const names: ReadonlySet<string> = new Set(Object.keys(TOPICS));

function writersOf(topic: TopicName): readonly Writer[] {
  return TOPICS[topic].writers;
}

describe('the graph is what runs', () => {
  test('it has each service once', () => {
    expect(PROCESSORS.map(({ service }) => service).toSorted()).toEqual(Object.keys(GRAPH).toSorted());
    expect(Object.keys(GRAPH).toSorted()).toEqual(SERVICES.toSorted());
  });

  test.each(PROCESSORS.map((processor) => [processor.service, processor] as const))(
    '%s reads and writes what the graph says, in that order',
    (service, { inputs, outputs }) => {
      expect({ inputs, outputs }).toEqual({
        inputs: GRAPH[service].inputs,
        outputs: GRAPH[service].outputs,
      });
    },
  );

  test('each comes after those whose outputs it reads', () => {
    const written = new Set<string>();
    const late: string[] = [];
    for (const { service, inputs, outputs } of PROCESSORS) {
      for (const topic of inputs) {
        const isInner = writersOf(topic).some((writer) => !OUTSIDE.has(writer));
        if (isInner && !written.has(topic)) late.push(`${service} before the writer of ${topic}`);
      }
      for (const topic of outputs) written.add(topic);
    }
    expect(late).toEqual([]);
  });
});

describe('writers', () => {
  test.each(topics)('%s is written by one service, or from outside only', (topic, { writers }) => {
    const services = writers.filter((writer) => !OUTSIDE.has(writer));
    expect(services.length === 1 ? writers.length : services.length).toBe(services.length === 1 ? 1 : 0);
    const processors = PROCESSORS.filter(({ outputs }) => outputs.some((output) => output === topic));
    expect(processors.map(({ service }) => service)).toEqual(services);
  });

  test('every input has a writer, and nothing that a service writes is also an input of its own', () => {
    for (const { inputs, outputs } of PROCESSORS) {
      for (const topic of inputs) expect(writersOf(topic).length).toBeGreaterThan(0);
      expect(inputs.filter((topic) => outputs.includes(topic))).toEqual([]);
    }
  });

  test('the topics of refusals, state and steps are each of one service', () => {
    const own = SERVICES.flatMap((service) => Object.values(serviceTopics(service)));
    expect(new Set(own).size).toBe(SERVICES.length * 3);
    expect(own.filter((topic) => names.has(topic))).toEqual([]);
  });
});

describe('order of inputs', () => {
  const REFERENCE: ReadonlySet<string> = new Set([
    'accounts',
    'contracts',
    'price-books',
    'outcome-definitions',
  ]);
  test.each(PROCESSORS.map(({ service, inputs }) => [service, inputs] as const))(
    '%s takes reference data first and the clock last',
    (_, inputs) => {
      const firstFact = inputs.findIndex((topic) => !REFERENCE.has(topic));
      expect(inputs.slice(firstFact).filter((topic) => REFERENCE.has(topic))).toEqual([]);
      expect(inputs.at(-1)).toBe('clock-ticks');
      expect(new Set(inputs).size).toBe(inputs.length);
    },
  );
});

describe('hops', () => {
  /** How many services lie between a topic and another, on the shortest way. */
  function hops(from: TopicName, to: TopicName): number {
    const distance = new Map<TopicName, number>([[from, 0]]);
    for (const [topic, steps] of distance) {
      if (topic === to) return steps;
      for (const { inputs, outputs } of PROCESSORS) {
        if (!inputs.includes(topic)) continue;
        for (const output of outputs) if (!distance.has(output)) distance.set(output, steps + 1);
      }
    }
    return Number.POSITIVE_INFINITY;
  }

  test.each([
    ['usage-events', 'charges', 1],
    ['usage-events', 'cost-events', 1],
    ['usage-events', 'balances', 2],
    ['usage-events', 'invoices', 2],
    ['payment-events', 'balances', 1],
    ['outcome-claims', 'balances', 3],
  ] as const)('%s to %s: %i', (from, to, expected) => {
    expect(hops(from, to)).toBe(expected);
  });

  test('the services on the way from a use to its balance commit at least every 25 ms', () => {
    const intervals = [GRAPH.rating.commitIntervalMs, GRAPH['credit-balances'].commitIntervalMs];
    expect(Math.max(...intervals)).toBeLessThanOrEqual(25);
  });
});

describe('keys', () => {
  test('what carries an account is keyed by account, and reference data that all need comes in copies', () => {
    const copies = topics.filter(([, { key }]) => key === 'copies').map(([topic]) => topic);
    expect(copies.toSorted()).toEqual(['clock-ticks', 'outcome-definitions', 'price-books']);
    const outputs = PROCESSORS.flatMap((processor) => [...processor.outputs]);
    expect(outputs.filter((topic) => TOPICS[topic].key !== 'account')).toEqual([]);
  });

  test('only balances are compacted', () => {
    expect(topics.filter(([, rule]) => 'compacted' in rule).map(([topic]) => topic)).toEqual(['balances']);
  });
});
