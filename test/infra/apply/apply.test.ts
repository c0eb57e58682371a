import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApplyRefused, type ApplyTarget, apply, planApply } from '../../../infra/apply/apply.ts';
import { topicSpecs } from '../../../infra/apply/topic-specs.ts';
import { MemoryLog } from '../../../topology/log-memory.ts';
import { type Subject, subjectsOfTopics } from '../../../topology/subjects.ts';
import { SERVICES, TOPICS } from '../../../topology/topics.ts';

/** As much of a registry as registering needs: subjects with one schema each; `refuses` makes every other one incompatible. */
class SmallRegistry {
  readonly subjects = new Map<string, string[]>();
  readonly levels = new Map<string, string>();
  refuses = '';
  readonly #server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString('utf8'));
      const [status, answer] = this.#answer(`${request.method} ${request.url?.split('?')[0]}`, body);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return `http://127.0.0.1:${address.port}`;
  }

  close(): void {
    this.#server.close();
  }

  #answer(call: string, body: { schema?: string; compatibility?: string }): [number, unknown] {
    const [, method, kind, name = ''] =
      /^(\w+) \/(subjects|config|compatibility\/subjects)\/([^/]+)/.exec(call) ?? [];
    const subject = decodeURIComponent(name);
    const versions = this.subjects.get(subject) ?? [];
    if (kind === 'config' && method === 'PUT') this.levels.set(subject, body.compatibility ?? '');
    if (kind === 'config') return [200, { compatibilityLevel: this.levels.get(subject) ?? 'NONE' }];
    if (kind !== 'subjects')
      return [200, { is_compatible: subject !== this.refuses, messages: ['a field is gone'] }];
    if (method === 'GET') return versions.length > 0 ? [200, versions.map((_, at) => at + 1)] : [404, {}];
    if (!call.endsWith('/versions'))
      return versions.includes(body.schema ?? '') ? [200, { id: 1 }] : [404, {}];
    this.subjects.set(subject, [...versions, body.schema ?? '']);
    return [200, { id: 1 }];
  }
}

const subjects: readonly Subject[] = subjectsOfTopics(['usage-events', 'charges']);
const registry = new SmallRegistry();
let log: MemoryLog;
let registryUrl: string;

beforeEach(async () => {
  log = new MemoryLog({ now: () => 0 });
  registry.subjects.clear();
  registry.levels.clear();
  registry.refuses = '';
  registryUrl = await registry.listen();
});

afterEach(() => registry.close());

function target(partitions = 4): ApplyTarget {
  return { admin: log.admin, registryUrl, topics: { partitions, replicationFactor: 1 }, subjects };
}

describe('the topics that should be', () => {
  const specs = new Map(topicSpecs({ partitions: 4, replicationFactor: 3 }).map((spec) => [spec.name, spec]));

  test('are all of the table and three for each service', () => {
    expect([...specs.keys()].sort()).toEqual(
      [
        ...Object.keys(TOPICS),
        ...SERVICES.flatMap((service) => [`${service}-rejected`, `${service}-changelog`, `${service}-steps`]),
      ].sort(),
    );
  });

  test.each([...specs.values()])('$name is co-partitioned and stamped by the broker', (spec) => {
    expect(spec).toMatchObject({ partitions: 4, replicationFactor: 3 });
    expect(spec.config).toMatchObject({
      'message.timestamp.type': 'LogAppendTime',
      'compression.type': 'uncompressed',
    });
  });

  test('only balances and changelogs are compacted; the rest is kept for ever', () => {
    for (const [name, { config }] of specs) {
      const isCompacted = name === 'balances' || name.endsWith('-changelog');
      expect(config['cleanup.policy'], name).toBe(isCompacted ? 'compact' : 'delete');
      if (!isCompacted) expect(config).toMatchObject({ 'retention.ms': '-1', 'retention.bytes': '-1' });
    }
  });

  test('a rejected topic has room for a foreign record of the broker maximum', () => {
    expect(specs.get('rating-rejected')?.config['max.message.bytes']).toBe('2097152');
  });
});

describe('apply', () => {
  test('a plan on an empty cluster creates everything and changes nothing', async () => {
    const changes = await planApply(target());
    expect(new Set(changes.map((change) => change.action))).toEqual(new Set(['create']));
    expect(changes.filter(({ kind }) => kind === 'schema').map(({ name }) => name)).toEqual([
      'usage-events-value',
      'charges-value',
    ]);
    expect(await log.admin.listTopics()).toEqual([]);
    expect(registry.subjects.size).toBe(0);
  });

  test('the second time there is nothing to do', async () => {
    await apply(target());
    expect((await apply(target())).filter(({ action }) => action !== 'keep')).toEqual([]);
    expect(await log.partitionCount('charges')).toBe(4);
    expect(registry.levels.get('charges-value')).toBe('FULL_TRANSITIVE');
  });

  test('a changed entry is put back and entries of others stay', async () => {
    await apply(target());
    await log.admin.alterTopicConfig('charges', { 'retention.ms': '1000', 'min.insync.replicas': '2' });
    const [change, ...others] = (await apply(target())).filter(({ action }) => action !== 'keep');
    expect(others).toEqual([]);
    expect(change).toMatchObject({ name: 'charges', action: 'alter', detail: 'retention.ms: 1000 -> -1' });
    const described = await log.admin.describeTopics(['charges']);
    expect(described.get('charges')?.config).toMatchObject({
      'retention.ms': '-1',
      'min.insync.replicas': '2',
    });
  });

  test('another partition count is refused and nothing is changed', async () => {
    await log.admin.createTopics([{ name: 'charges', partitions: 2, replicationFactor: 1, config: {} }]);
    const error = await apply(target()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApplyRefused);
    expect(String(error)).toContain('charges has 2 partitions and 4 are wanted');
    expect(await log.admin.listTopics()).toEqual(['charges']);
    expect(registry.subjects.size).toBe(0);
  });

  test('an incompatible schema is refused and nothing is changed', async () => {
    registry.subjects.set('charges-value', ['{"type":"record","name":"Charge","fields":[]}']);
    registry.refuses = 'charges-value';
    const error = await apply(target()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApplyRefused);
    expect(String(error)).toContain('a field is gone');
    expect(await log.admin.listTopics()).toEqual([]);
  });

  test('a compatible new version is an alteration', async () => {
    registry.subjects.set('charges-value', ['{"type":"record","name":"Charge","fields":[]}']);
    const change = (await apply(target())).find(({ name }) => name === 'charges-value');
    expect(change).toMatchObject({ kind: 'schema', action: 'alter' });
    expect(registry.subjects.get('charges-value')).toHaveLength(2);
  });
});
