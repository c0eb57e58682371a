/**
 * Two ways to hand over records: through the gateway, as a producer would, or straight to the log.
 *
 * Boundary: the same readers judge a record on both ways, so a record that one refuses the other refuses too.
 *
 * Invariant: a record is called accepted only after the log acknowledged it, or the gateway said so.
 */
import { createHmac } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { Instant } from '../../../schemas/instant.ts';
import { type Endpoint, isCopied } from '../../../services/gateway/endpoints.ts';
import { wayOutOfField } from '../../../services/gateway/problem-codes.ts';
import type { Publication } from '../../../topology/publication.ts';
import type { Publisher } from '../../../topology/publisher.ts';
import { CliError, dataError, unreachable } from '../cli-error.ts';
import type { GatewayAccess } from '../context.ts';
import { EXIT } from '../report.ts';

export interface Problem {
  readonly code: string;
  readonly field: string;
  readonly message: string;
  readonly wayOut: string;
}

/** For each record, in order: its problems, none for one that was accepted. */
export type Verdicts = readonly (readonly Problem[])[];

export interface Sender {
  readonly way: string;
  send(inputs: readonly unknown[]): Promise<Verdicts>;
}

/** Records in one request or one call; well below the gateway's own limit. */
export const BATCH_RECORDS = 500;

const OVERLOAD_ATTEMPTS_MAX = 100;
const OVERLOAD_PAUSE_MS = 100;

const IndexedProblem = z.object({
  index: z.number().int(),
  field: z.string(),
  code: z.string(),
  message: z.string(),
  wayOut: z.string(),
});
const Accepted = z.object({ rejected: z.array(IndexedProblem) });
const Refused = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    wayOut: z.string(),
    details: z.array(IndexedProblem).default([]),
  }),
});

export function logSender(
  endpoint: Endpoint,
  publisher: Pick<Publisher, 'publish' | 'publishCopies'>,
  now: () => Instant,
): Sender {
  return {
    way: 'the log',
    async send(inputs) {
      const results = inputs.map((input) => endpoint.read(input, now()));
      const publications: readonly Publication[] = results.flatMap((result) =>
        result.ok ? result.publications : [],
      );
      if (publications.length > 0) {
        await (isCopied(endpoint) ? publisher.publishCopies(publications) : publisher.publish(publications));
      }
      return results.map((result) =>
        result.ok
          ? []
          : result.problems.map((problem) => ({ ...problem, wayOut: wayOutOfField(problem.code) })),
      );
    },
  };
}

export function gatewaySender(endpoint: Endpoint, access: GatewayAccess): Sender {
  if (endpoint.isConfirmed && access.paymentSecret === null) {
    throw dataError(
      'payment_secret_unknown',
      'payments are signed, and nothing says with which secret',
      'Run the command beside the running stack, or unset GATEWAY_URL to write to the log.',
    );
  }
  return {
    way: access.url,
    async send(inputs) {
      const answer = await post(access, endpoint, JSON.stringify({ events: inputs }));
      return inputs.map((_, index) => answer.filter((problem) => problem.index === index));
    },
  };
}

async function post(
  access: GatewayAccess,
  endpoint: Endpoint,
  body: string,
): Promise<readonly z.infer<typeof IndexedProblem>[]> {
  for (let attempt = 1; ; attempt += 1) {
    const response = await fetch(`${access.url}${endpoint.path}`, {
      method: 'POST',
      headers: headersFor(access, endpoint, body),
      body,
    }).catch((cause: unknown) => {
      throw unreachable('gateway', cause);
    });
    const answer: unknown = await response.json().catch(() => null);
    if (response.ok) return Accepted.parse(answer).rejected;
    if (response.status === 503 && attempt < OVERLOAD_ATTEMPTS_MAX) {
      await pause(OVERLOAD_PAUSE_MS);
      continue;
    }
    const refused = Refused.safeParse(answer);
    if (!refused.success) throw unreachable('gateway', new Error(`it answers ${response.status}`));
    const { code, message, wayOut, details } = refused.data.error;
    if (code === 'nothing_acceptable') return details;
    throw new CliError(code, message, { exitCode: EXIT.failed, wayOut });
  }
}

function headersFor(access: GatewayAccess, endpoint: Endpoint, body: string): Record<string, string> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${access.apiKey}` };
  if (!endpoint.isConfirmed || access.paymentSecret === null) return headers;
  const signature = createHmac('sha256', access.paymentSecret).update(body).digest('hex');
  return { ...headers, 'x-payment-signature': signature };
}
