/**
 * Everything the chaos program breaks: a stack of its own, and the whole graph as processes behind the proxy.
 *
 * Boundary: starts and stops; what is broken when is `faults.ts`, what is fed is `load.ts`.
 *
 * Invariants:
 *  1. Services reach the broker only through the proxy; load and audit never do.
 *  2. A service that ends by itself is started again, as an operator's supervisor would, and the end is remembered.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EmbeddedPart } from '../../../infra/embedded/part.ts';
import { choosePort } from '../../../infra/embedded/ports.ts';
import { servicePart } from '../../../infra/embedded/services.ts';
import { ALL_SERVICES, cacheDirOf, type System, startSystem } from '../../../infra/system.ts';
import { Cuts } from '../cuts.ts';
import { KafkaProxy } from '../kafka-proxy.ts';

export const PARTITIONS = 4;
/** Works in an elastic group, so that members may come and go; the others have a fixed share. */
export const ELASTIC = 'rating';

export interface WorldOptions {
  readonly stateDir: string;
  readonly tell: (line: string) => void;
}

export class World {
  readonly system: System;
  readonly cuts: Cuts;
  readonly services = new Map<string, EmbeddedPart>();
  readonly gatewayUrl: string;
  /** Services that ended by themselves, each with the supervisor's words. */
  readonly ends: string[] = [];
  readonly #options: WorldOptions;
  readonly #proxy: KafkaProxy;
  readonly #gatewayPort: number;
  #starts = 0;

  private constructor(
    options: WorldOptions,
    parts: { system: System; cuts: Cuts; proxy: KafkaProxy; port: number },
  ) {
    this.#options = options;
    this.system = parts.system;
    this.cuts = parts.cuts;
    this.#proxy = parts.proxy;
    this.#gatewayPort = parts.port;
    this.gatewayUrl = `http://127.0.0.1:${parts.port}`;
  }

  static async start(options: WorldOptions): Promise<World> {
    const system = await startSystem({
      stateDir: options.stateDir,
      env: {},
      partitions: PARTITIONS,
      replicationFactor: 1,
      services: [],
      onProgress: () => undefined,
    });
    const cuts = new Cuts();
    const proxy = await KafkaProxy.open(system.stack.kafkaBrokers, cuts.judge);
    const port = await choosePort({ name: 'the gateway' });
    const world = new World(options, { system, cuts, proxy, port });
    try {
      await Promise.all(ALL_SERVICES.map((name) => world.#begin(name)));
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  /** One more process of a service, beside the one in `services`. Its log has a folder of its own. */
  another(name: string): EmbeddedPart {
    this.#starts += 1;
    return this.#part(name, join('logs', `more-${this.#starts}`));
  }

  /** Starts again whatever a fault left down. */
  async mend(): Promise<void> {
    this.cuts.disarm();
    await Promise.all(
      [...this.services.values()].map((part) => (part.pid === null ? part.restart() : undefined)),
    );
  }

  async stop(): Promise<void> {
    await Promise.allSettled([...this.services.values()].map((part) => part.stop()));
    await this.#proxy.close();
    await this.system.stop();
  }

  async #begin(name: string): Promise<void> {
    const part = this.#part(name, 'logs');
    this.services.set(name, part);
    await part.start();
  }

  #part(name: string, folder: string): EmbeddedPart {
    const logsDir = join(this.#options.stateDir, folder);
    return servicePart({
      name,
      env: this.#environmentOf(name),
      logsDir,
      onProgress: (line) => {
        const told = `${line} ${lastWords(join(logsDir, `${name}.log`))}`;
        this.ends.push(told);
        this.#options.tell(told);
      },
    });
  }

  #environmentOf(name: string): Readonly<Record<string, string>> {
    const { stack, gateway } = this.system;
    return {
      KAFKA_BROKERS: this.#proxy.address,
      SCHEMA_REGISTRY_URL: stack.schemaRegistryUrl,
      // Shared by the members of a group, so that a partition also finds what an earlier owner of it left.
      LEDGER_CACHE_DIR: cacheDirOf(this.#options.stateDir),
      LEDGER_INSTANCE: name === ELASTIC ? 'group' : '0/1',
      CLICKHOUSE_URL: stack.clickhouseUrl,
      CLICKHOUSE_USER: stack.clickhouseWriter.username,
      CLICKHOUSE_PASSWORD: stack.clickhouseWriter.password,
      GATEWAY_PORT: String(this.#gatewayPort),
      GATEWAY_API_KEYS: gateway.gatewayApiKey,
      PAYMENT_WEBHOOK_SECRET: gateway.paymentSecret,
    };
  }
}

/** Why a service ended, in its own words: the message of the last fatal line of its log. */
function lastWords(logFile: string): string {
  const fatal = readFileSync(logFile, 'utf8')
    .split('\n')
    .findLast((line) => line.startsWith('{"level":60,'));
  return fatal === undefined
    ? 'It said nothing.'
    : `It said: ${/"message":"([^"]*)"/.exec(fatal)?.[1] ?? fatal}`;
}
