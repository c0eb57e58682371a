/**
 * A proxy between services and the broker that knows where requests and answers begin and end.
 *
 * Boundary: carries frames and asks a judge about each; which frame meets which fault is in `cuts.ts`.
 *
 * Invariants:
 *  1. Frames of one connection keep their order; while the judge thinks about one, the ones behind it wait.
 *  2. Every address the broker names is replaced by the proxy's, so no client ever goes around it.
 *  3. A cut takes both halves of a connection away; a kept request leaves the broker's half open, so that it can still
 *     be delivered when its sender is long gone.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import {
  advertise,
  FrameSplitter,
  type RequestHead,
  replyCorrelationId,
  requestHead,
} from './kafka-frames.ts';

const HOST = '127.0.0.1';

/** One frame on its way. For an answer, `asked` is the request it belongs to. */
export interface Passage {
  readonly at: 'request' | 'reply';
  readonly asked: RequestHead;
  readonly frame: Buffer;
}

/** A request that its sender has given up and the broker has not seen yet. */
export interface KeptRequest {
  readonly asked: RequestHead;
  /** Hands it to the broker and resolves with the broker's answer, or null when the connection was gone. */
  deliver(): Promise<Buffer | null>;
}

export type Verdict =
  | { readonly kind: 'forward' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'keep'; readonly take: (request: KeptRequest) => void };

export type Judge = (passage: Passage) => Verdict | Promise<Verdict>;

export class KafkaProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #port = 0;

  private constructor(brokerPort: number, judge: Judge) {
    this.#server = createServer((client) => {
      const pair = new Pair(client, { brokerPort, ownPort: this.#port, judge });
      this.#pairs.add(pair);
      pair.onGone(() => this.#pairs.delete(pair));
    });
  }

  /** `broker` is `host:port` of a broker on this machine. */
  static async open(broker: string, judge: Judge): Promise<KafkaProxy> {
    const proxy = new KafkaProxy(Number(broker.split(':').at(-1)), judge);
    proxy.#server.listen({ port: 0, host: HOST });
    await once(proxy.#server, 'listening');
    const address = proxy.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    proxy.#port = address.port;
    return proxy;
  }

  /** What services are given as the broker's address. */
  get address(): string {
    return `${HOST}:${this.#port}`;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const pair of this.#pairs) pair.cut();
    await closed;
  }
}

interface PairOptions {
  readonly brokerPort: number;
  readonly ownPort: number;
  readonly judge: Judge;
}

/** One client connection and the connection to the broker that carries it on. */
class Pair {
  readonly #client: Socket;
  readonly #broker: Socket;
  readonly #options: PairOptions;
  readonly #asked = new Map<number, RequestHead>();
  #kept: { readonly correlationId: number; readonly answered: (frame: Buffer | null) => void } | null = null;
  #isDetached = false;

  constructor(client: Socket, options: PairOptions) {
    this.#client = client;
    this.#options = options;
    this.#broker = connect({ host: HOST, port: options.brokerPort });
    for (const socket of [client, this.#broker]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
    }
    client.on('close', () => {
      if (!this.#isDetached) this.#broker.destroy();
    });
    this.#broker.on('close', () => {
      client.destroy();
      this.#kept?.answered(null);
    });
    carry(client, (frame) => this.#request(frame));
    carry(this.#broker, (frame) => this.#reply(frame));
  }

  onGone(listener: () => void): void {
    this.#broker.on('close', listener);
  }

  cut(): void {
    this.#client.destroy();
    this.#broker.destroy();
  }

  async #request(frame: Buffer): Promise<void> {
    if (this.#isDetached) return;
    const asked = requestHead(frame);
    this.#asked.set(asked.correlationId, asked);
    const verdict = await this.#options.judge({ at: 'request', asked, frame });
    if (verdict.kind === 'cut') return this.cut();
    if (verdict.kind === 'keep') return this.#keep(frame, asked, verdict.take);
    if (verdict.kind === 'delay') await pause(verdict.ms);
    this.#broker.write(frame);
  }

  async #reply(frame: Buffer): Promise<void> {
    const correlationId = replyCorrelationId(frame);
    const asked = this.#asked.get(correlationId);
    this.#asked.delete(correlationId);
    if (this.#kept?.correlationId === correlationId) {
      this.#kept.answered(frame);
      this.#kept = null;
      return this.cut();
    }
    if (asked === undefined || this.#isDetached) return;
    const verdict = await this.#options.judge({ at: 'reply', asked, frame });
    if (verdict.kind === 'cut' || verdict.kind === 'keep') return this.cut();
    if (verdict.kind === 'delay') await pause(verdict.ms);
    advertise(frame, asked, this.#options.ownPort);
    this.#client.write(frame);
  }

  #keep(frame: Buffer, asked: RequestHead, take: (request: KeptRequest) => void): void {
    const { correlationId } = asked;
    this.#isDetached = true;
    this.#client.destroy();
    take({
      asked,
      deliver: () => {
        const { promise, resolve } = Promise.withResolvers<Buffer | null>();
        if (this.#broker.destroyed) return Promise.resolve(null);
        this.#kept = { correlationId, answered: resolve };
        this.#broker.write(frame);
        return promise;
      },
    });
  }
}

/** Hands the frames of a socket on, one after the other; a handler that fails ends the connection. */
function carry(socket: Socket, handle: (frame: Buffer) => Promise<void>): void {
  const splitter = new FrameSplitter();
  let before: Promise<void> = Promise.resolve();
  socket.on('data', (chunk: Buffer) => {
    for (const frame of splitter.push(chunk)) {
      before = before
        .then(() => handle(frame))
        .catch((error: unknown) => {
          socket.destroy(error instanceof Error ? error : new Error(String(error)));
        });
    }
  });
}
