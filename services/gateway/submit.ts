/**
 * Job: one request from its raw body to its answer: read every record, publish those that are acceptable, say of each
 * what became of it.
 *
 * Boundary: knows neither the HTTP server nor the log; a problem is thrown as an `HttpProblem`.
 *
 * Invariants:
 *  1. Nothing is answered as accepted before the log acknowledged it.
 *  2. A record that cannot be accepted does not hold up the others of its batch.
 *  3. Reference data of one request is written in one transaction.
 */
import type { Instant } from '../../schemas/instant.ts';
import type { Publication } from '../../topology/publication.ts';
import { PublishError } from '../../topology/publish-error.ts';
import type { Published } from '../../topology/publisher.ts';
import { type Endpoint, isCopied } from './endpoints.ts';
import { HttpProblem, type IndexedProblem } from './http-problem.ts';
import { wayOutOfField } from './problem-codes.ts';
import { type Item, type MediaType, readItems } from './read-items.ts';

/** The part of the publisher that the gateway uses. */
export interface PublishPort {
  readonly held: number;
  publish(publications: readonly Publication[]): Promise<readonly Published[]>;
  publishCopies(publications: readonly Publication[]): Promise<readonly Published[]>;
}

export interface Submission {
  readonly endpoint: Endpoint;
  readonly body: Buffer;
  readonly mediaType: MediaType;
  readonly receivedAt: Instant;
}

export interface Answer {
  readonly accepted: number;
  readonly records: readonly (Published & { readonly index: number })[];
  readonly rejected: readonly IndexedProblem[];
}

interface Sorted {
  readonly accepted: readonly { readonly index: number; readonly publication: Publication }[];
  readonly acceptedItems: number;
  readonly rejected: readonly IndexedProblem[];
}

export async function submit(submission: Submission, publisher: PublishPort): Promise<Answer> {
  const { endpoint, body, mediaType } = submission;
  const sorted = sort(readItems(body, mediaType), submission);
  if (sorted.acceptedItems === 0) {
    const message = 'no record of this request can be accepted';
    throw new HttpProblem('nothing_acceptable', message, { details: sorted.rejected });
  }
  const publications = sorted.accepted.map(({ publication }) => publication);
  const published = await (isCopied(endpoint)
    ? publisher.publishCopies(publications)
    : publisher.publish(publications)
  ).catch(asHttpProblem);
  const records = published.map((record, at) => ({ index: sorted.accepted[at]?.index ?? at, ...record }));
  return { accepted: sorted.acceptedItems, records, rejected: sorted.rejected };
}

function sort(items: readonly Item[], { endpoint, receivedAt }: Submission): Sorted {
  const accepted: { index: number; publication: Publication }[] = [];
  const rejected: IndexedProblem[] = [];
  let acceptedItems = 0;
  for (const [index, item] of items.entries()) {
    const result = item.ok ? endpoint.read(item.input, receivedAt) : item;
    if (result.ok) {
      acceptedItems += 1;
      for (const publication of result.publications) accepted.push({ index, publication });
    } else {
      for (const problem of result.problems) {
        rejected.push({ index, ...problem, wayOut: wayOutOfField(problem.code) });
      }
    }
  }
  return { accepted, acceptedItems, rejected };
}

function asHttpProblem(cause: unknown): never {
  if (!(cause instanceof PublishError)) throw cause;
  throw new HttpProblem(cause.code, cause.message, { cause });
}
