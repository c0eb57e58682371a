/**
 * Job: send hostile JSON to every path of the gateway, from the raw body to the framed record.
 *
 * Boundary: no HTTP server and no log; the publisher is one that frames what it is given, so that a record that was
 * accepted is proven to be readable by the services.
 *
 * Invariants that it checks:
 *  1. A body is answered, or refused with a code of the table and a way out; nothing else is ever thrown.
 *  2. Every record of a body is either accepted or named among the rejected.
 *  3. What is accepted encodes, and decodes to an input's record: never a dead letter.
 *  4. An honest body is accepted after each block of hostile ones, and none takes more than `BODY_MS_MAX` of processor time.
 */
import { Random } from '../../infra/main-job/random.ts';
import { decodeFramed } from '../../schemas/codec.ts';
import { parseInstant } from '../../schemas/instant.ts';
import { parseJsonExact } from '../../schemas/json-exact.ts';
import { recordFromJson } from '../../schemas/json-form.ts';
import { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import { ValueError } from '../../schemas/value-error.ts';
import { ENDPOINTS, type Endpoint } from '../../services/gateway/endpoints.ts';
import { HttpProblem } from '../../services/gateway/http-problem.ts';
import { HTTP_PROBLEM_CODES } from '../../services/gateway/problem-codes.ts';
import { type PublishPort, submit } from '../../services/gateway/submit.ts';
import { outgoingRecords, type Publication } from '../../topology/publication.ts';
import type { Published } from '../../topology/publisher.ts';
import { TOPICS } from '../../topology/topics.ts';
import { GOOD } from '../services/gateway/good-requests.ts';
import { Breach } from './desk.ts';
import { mutateJson } from './json-mutations.ts';
import { type Report, Tally, threadMs } from './report.ts';

const BLOCK_BODIES = 100;
const WARM_BODIES = 20_000;
const BODY_MS_MAX = 50;
const TRIES_MAX = 3;
const RECEIVED_AT = parseInstant('2026-03-10T12:00:00Z');

export async function fuzzGateway({
  seed,
  count,
}: {
  readonly seed: number;
  readonly count: number;
}): Promise<Report> {
  const random = new Random(seed);
  const publisher = new FramingPublisher();
  const tally = new Tally('json');
  for (let n = 0; n < count; n += 1) {
    if (n === Math.min(WARM_BODIES, Math.floor(count / 2))) tally.warm();
    const endpoint = random.pick(ENDPOINTS);
    const { mutation, body } = mutateJson(random, goodBody(endpoint));
    try {
      const answer = await timed(() => send(endpoint, body, publisher));
      tally.count(`${endpoint.path}: ${answer.what}`, answer.ms);
      readForm(endpoint, body);
      if (n % BLOCK_BODIES === BLOCK_BODIES - 1) {
        tally.witnesses += 1;
        const { what } = await send(endpoint, Buffer.from(goodBody(endpoint)), publisher);
        if (what !== 'accepted') throw new Breach(`${endpoint.path}: an honest body is ${what}`);
      }
    } catch (error) {
      tally.found(n, error, { mutation, bytes: body });
    }
  }
  return tally.report(seed, count);
}

function goodBody({ path }: Endpoint): string {
  const found = Object.entries(GOOD).find(([name]) => name === path)?.[1];
  if (found === undefined) throw new Error(`no request is known for ${path}`);
  return JSON.stringify(found);
}

/** The time of the quickest of a few tries, of which only a slow first one makes a second. */
async function timed<T extends object>(work: () => Promise<T>): Promise<T & { readonly ms: number }> {
  let best = Number.POSITIVE_INFINITY;
  for (let tries = 1; ; tries += 1) {
    const started = threadMs();
    const done = await work();
    best = Math.min(best, threadMs() - started);
    if (best <= BODY_MS_MAX) return { ...done, ms: best };
    if (tries === TRIES_MAX) throw new Breach(`a body took more than ${BODY_MS_MAX} ms`);
  }
}

async function send(endpoint: Endpoint, body: Buffer, publisher: PublishPort): Promise<{ what: string }> {
  try {
    const answer = await submit({ endpoint, body, mediaType: 'json', receivedAt: RECEIVED_AT }, publisher);
    checkDetails(answer.rejected);
    return { what: answer.rejected.length === 0 ? 'accepted' : 'accepted in part' };
  } catch (error) {
    if (!(error instanceof HttpProblem)) throw error;
    if (!HTTP_PROBLEM_CODES.includes(error.code)) throw new Breach(`${error.code} is no code`);
    if (error.status >= 500) throw new Breach(`${error.code}: ${error.message}`);
    if (JSON.stringify(error.body).length === 0) throw new Breach('a problem has no body');
    checkDetails(error.details);
    return { what: error.details[0]?.code ?? error.code };
  }
}

function checkDetails(details: HttpProblem['details']): void {
  for (const { code, wayOut, message } of details) {
    if (code === undefined || wayOut === '' || message === '') throw new Breach(`${code} has no way out`);
  }
}

/** Frames what it is given and reads it back as a service does. */
class FramingPublisher implements PublishPort {
  readonly held = 0;
  readonly #directory = new MemorySchemaDirectory();

  async publish(publications: readonly Publication[]): Promise<readonly Published[]> {
    return publications.map((publication): Published => {
      const record = TOPICS[publication.topic].record;
      const framing = { source: '/fuzz', partitions: 1, schemaId: this.#directory.idOf(record) };
      for (const { value } of outgoingRecords(publication, framing)) {
        const read = decodeFramed(record, value ?? Buffer.alloc(0), (id) => this.#directory.writerSchema(id));
        if (!read.ok) throw new Breach(`an accepted ${record} is ${read.code}: ${read.message}`);
      }
      return { id: '', topic: publication.topic, partition: 0, offset: 0, copies: 1 };
    });
  }

  publishCopies(publications: readonly Publication[]): Promise<readonly Published[]> {
    return this.publish(publications);
  }
}

/** The form in which files and commands carry records: a value, or an error that names the rule. */
function readForm(endpoint: Endpoint, body: Buffer): void {
  try {
    recordFromJson(TOPICS[endpoint.topic].record, parseJsonExact(body.toString('utf8')));
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
  }
}
