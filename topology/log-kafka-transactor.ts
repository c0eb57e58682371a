/**
 * Job: the `Transactor` of the port: one committed transaction per call, in three round trips.
 *
 * Boundary: decides what a failure means to the caller; the requests themselves are in `log-kafka-transaction.ts`.
 *
 * Invariants:
 *  1. A transactor has connections of its own, so nothing else delays a commit.
 *  2. After any rejection it refuses to work; its identity is never used again.
 *  3. Only a commit request whose reply was lost, or was not a plain refusal, has an unknown outcome. A failure before
 *     it is sure not to have committed.
 */

import { type CommittedAt, isEmpty, LogError, type TransactionBatch, type Transactor } from './log.ts';
import type { KafkaProducer, OpenTransaction } from './log-kafka-transaction.ts';

export class KafkaTransactor implements Transactor {
  readonly transactionalId: string;
  readonly #producer: KafkaProducer;
  #state: 'idle' | 'committing' | 'spent' = 'idle';

  constructor(producer: KafkaProducer) {
    this.transactionalId = producer.transactionalId;
    this.#producer = producer;
  }

  async commit(batch: TransactionBatch): Promise<readonly CommittedAt[]> {
    if (this.#state !== 'idle') {
      const code = this.#state === 'spent' ? 'TRANSACTOR_SPENT' : 'OVERLAPPING_CALL';
      throw new LogError('fatal', code, this.transactionalId);
    }
    if (isEmpty(batch)) return [];
    this.#state = 'committing';
    try {
      const written = await this.#run(batch);
      this.#state = 'idle';
      return written;
    } catch (error) {
      this.#state = 'spent';
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#state = 'spent';
    await this.#producer.client.close();
  }

  async #run(batch: TransactionBatch): Promise<readonly CommittedAt[]> {
    const transaction = this.#producer.begin();
    const written = await this.#deliver(transaction, batch);
    await this.#commit(transaction);
    return written;
  }

  async #deliver(transaction: OpenTransaction, batch: TransactionBatch): Promise<readonly CommittedAt[]> {
    try {
      return await transaction.deliver(batch);
    } catch (thrown) {
      throw this.#failed(thrown, 'transaction');
    }
  }

  async #commit(transaction: OpenTransaction): Promise<void> {
    try {
      await transaction.commit();
    } catch (thrown) {
      const error = this.#failed(thrown, 'EndTxn');
      if (error.kind !== 'retriable') throw error;
      throw new LogError('unknown_outcome', error.code, `commit of ${this.transactionalId}`, {
        cause: error,
      });
    }
  }

  #failed(thrown: unknown, step: string): LogError {
    return this.#producer.client.failed(thrown, `${step} of ${this.transactionalId}`);
  }
}
