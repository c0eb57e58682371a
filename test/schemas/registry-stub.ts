/** A schema registry in memory behind HTTP: the eight routes we use, in the manner of Confluent or of Apicurio. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { typeOfSchema } from '../../schemas/avro-type.ts';

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface RegistryStub {
  readonly url: string;
  readonly calls: string[];
  /** Answers every call with this status while it is set. */
  failWith: number | null;
  versionsOf(subject: string): readonly string[];
  levelOf(subject: string): string | undefined;
  put(subject: string, text: string): number;
  close(): Promise<void>;
}

export async function startRegistryStub(manner: 'confluent' | 'apicurio'): Promise<RegistryStub> {
  const subjects = new Map<string, string[]>();
  const levels = new Map<string, string>();
  const texts: string[] = [];
  const calls: string[] = [];
  const idOf = (text: string) => (texts.includes(text) ? texts.indexOf(text) : texts.push(text) - 1) + 1;
  const put = (subject: string, text: string) => {
    const versions = subjects.get(subject) ?? [];
    if (!versions.includes(text)) subjects.set(subject, [...versions, text]);
    return idOf(text);
  };

  function answer(method: string, path: string, schema: string, level: string): Answer {
    const [, first = '', second = '', third = ''] =
      path.split('?')[0]?.split('/').map(decodeURIComponent) ?? [];
    const versions = subjects.get(first === 'compatibility' ? third : second);
    if (first === 'schemas') {
      const text = texts[Number(third) - 1];
      return text === undefined
        ? missing(40403, 'Schema not found')
        : { status: 200, body: { schema: text } };
    }
    if (first === 'config') return config(method, second, level, versions !== undefined);
    if (first === 'compatibility') {
      const messages = (versions ?? []).flatMap((old) => incompatible(old, schema));
      return { status: 200, body: { is_compatible: messages.length === 0, messages } };
    }
    if (method === 'GET')
      return versions === undefined
        ? missing(40401, 'Subject not found')
        : { status: 200, body: versions.map((_, at) => at + 1) };
    if (third === '') {
      return versions?.includes(schema)
        ? { status: 200, body: { id: idOf(schema) } }
        : missing(40403, 'Schema not found');
    }
    const problems = (versions ?? []).flatMap((old) => incompatible(old, schema));
    if (levels.has(second) && problems.length > 0) return { status: 409, body: { message: problems.join() } };
    return { status: 200, body: { id: put(second, schema) } };
  }

  function config(method: string, subject: string, level: string, exists: boolean): Answer {
    if (method === 'PUT') {
      if (manner === 'apicurio' && !exists) return missing(40401, 'No artifact');
      levels.set(subject, level);
      return { status: 200, body: { compatibility: level } };
    }
    const own = levels.get(subject);
    if (own !== undefined) return { status: 200, body: { compatibilityLevel: own } };
    return manner === 'apicurio' && exists
      ? { status: 200, body: { compatibilityLevel: 'NONE' } }
      : missing(40408, 'No level for this subject');
  }

  const server = createServer((request, response) => {
    void readBody(request).then((text) => {
      const body: { schema?: string; compatibility?: string } = text === '' ? {} : JSON.parse(text);
      const { method = '', url = '' } = request;
      calls.push(`${method} ${url}`);
      const { status, body: result } =
        stub.failWith === null
          ? answer(method, url, body.schema ?? '', body.compatibility ?? '')
          : { status: stub.failWith, body: { message: 'out of order' } };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(result));
    });
  });
  const url = await listen(server);
  const stub: RegistryStub = {
    url,
    calls,
    failWith: null,
    versionsOf: (subject) => subjects.get(subject) ?? [],
    levelOf: (subject) => levels.get(subject),
    put,
    close: () => new Promise((done) => server.close(() => done())),
  };
  return stub;
}

function missing(error_code: number, message: string): Answer {
  return { status: 404, body: { error_code, message } };
}

function incompatible(old: string, next: string): string[] {
  return [
    [old, next],
    [next, old],
  ].flatMap(([writer, reader]) => {
    try {
      typeOfSchema(JSON.parse(reader ?? '')).createResolver(typeOfSchema(JSON.parse(writer ?? '')));
      return [];
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  });
}

function listen(server: Server): Promise<string> {
  return new Promise((done) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      done(`http://127.0.0.1:${port}`);
    });
  });
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}
