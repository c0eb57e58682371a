/**
 * Job: membership in an elastic group: the broker's classic group protocol, without a consumer around it.
 *
 * Boundary: hands out partition numbers. It reads no data, commits no position and stops nobody from writing; the
 * transactional id does that.
 *
 * Invariants:
 *  1. Heartbeats run on their own, whatever the service is doing.
 *  2. Each generation is announced, even when it brings the same partitions; generations nobody waited for are merged.
 *  3. A failure that joining again did not mend ends the membership: `next` rejects from then on; leave and join anew.
 *  4. What a member owns travels in its join request, so any leader can keep the assignment sticky.
 */

import { z } from 'zod';
import { LogError, type Membership } from './log.ts';
import { assignSticky } from './log-kafka-assignment.ts';
import { groupMessages, type KafkaClient } from './log-kafka-client.ts';
import { findCoordinator } from './log-kafka-transaction.ts';

const protocolName = 'ledger-sticky';
const sessionTimeoutMs = 10_000;
const rebalanceTimeoutMs = 10_000;
const heartbeatMs = 500;
const rejoining = { attemptsMax: 100, pauseMs: 100 } as const;

const offer = z.object({ partitions: z.number().int(), owned: z.array(z.number().int()) });
const assignment = z.array(z.number().int());

interface Seat {
  readonly memberId: string;
  readonly generationId: number;
  readonly coordinator: number;
}

export class KafkaMembership implements Membership {
  readonly #client: KafkaClient;
  readonly #group: string;
  readonly #partitions: number;
  #seat: Seat | null = null;
  #memberId = '';
  #owned: readonly number[] = [];
  #news = false;
  #failure: LogError | null = null;
  #left = false;
  #timer: NodeJS.Timeout | null = null;
  #beating: Promise<void> = Promise.resolve();
  #waiting: PromiseWithResolvers<readonly number[]>[] = [];

  constructor(client: KafkaClient, group: string, partitions: number) {
    this.#client = client;
    this.#group = group;
    this.#partitions = partitions;
  }

  /** Takes a seat in the group; resolves when the first assignment is there. */
  async start(): Promise<void> {
    await this.#join();
    this.#schedule();
  }

  async next(): Promise<readonly number[]> {
    if (this.#failure !== null) throw this.#failure;
    if (this.#left) throw new LogError('fatal', 'MEMBERSHIP_ENDED', this.#group);
    if (this.#news) {
      this.#news = false;
      return this.#owned;
    }
    const waiting = Promise.withResolvers<readonly number[]>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  async leave(): Promise<void> {
    this.#left = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#beating;
    const seat = this.#seat;
    if (seat !== null) {
      const broker = await this.#client.broker(seat.coordinator).catch(() => null);
      await broker?.leaveGroup({ groupId: this.#group, memberId: seat.memberId }).catch(() => undefined);
    }
    this.#announce([]);
    await this.#client.close();
  }

  #schedule(): void {
    if (this.#left) return;
    this.#timer = setTimeout(() => {
      this.#beating = this.#beat();
    }, heartbeatMs);
  }

  async #beat(): Promise<void> {
    try {
      if (!(await this.#isSeated()) && !this.#left) await this.#join();
    } catch (thrown) {
      this.#failure = this.#client.failed(thrown, `group ${this.#group}`);
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const { reject } of waiting) reject(this.#failure);
      return;
    }
    this.#schedule();
  }

  /** False when the group moves on, forgot us, or could not be asked: then we join again. */
  async #isSeated(): Promise<boolean> {
    const seat = this.#seat;
    if (seat === null) return false;
    try {
      const broker = await this.#client.broker(seat.coordinator);
      const { memberId, generationId } = seat;
      await broker.heartbeat({ groupId: this.#group, memberId, groupGenerationId: generationId });
      return true;
    } catch (thrown) {
      const error = this.#client.failed(thrown, `Heartbeat in ${this.#group}`);
      if (error.code === 'UNKNOWN_MEMBER_ID') this.#memberId = '';
      if (error.kind === 'retriable') return false;
      throw error;
    }
  }

  async #join(): Promise<void> {
    const place = `JoinGroup of ${this.#group}`;
    await this.#client.retrying({ place, ...rejoining }, async () => {
      try {
        this.#announce(await this.#joinOnce());
      } catch (thrown) {
        const error = this.#client.failed(thrown, place);
        if (error.code === 'UNKNOWN_MEMBER_ID') this.#memberId = '';
        throw error;
      }
    });
  }

  async #joinOnce(): Promise<readonly number[]> {
    const groupId = this.#group;
    const coordinator = await findCoordinator(this.#client, groupId, 'group');
    const broker = await this.#client.broker(coordinator);
    const offered = { partitions: this.#partitions, owned: [...this.#owned] };
    const { memberId, generationId, leaderId, members } = await broker.joinGroup({
      groupId,
      memberId: this.#memberId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: rebalanceTimeoutMs,
      groupProtocols: [
        { name: protocolName, metadata: groupMessages.offer(Buffer.from(JSON.stringify(offered))) },
      ],
    });
    this.#memberId = memberId;
    this.#seat = { memberId, generationId, coordinator };
    const groupAssignment = leaderId === memberId ? assignAll(members, this.#partitions) : [];
    const { memberAssignment } = await broker.syncGroup({ groupId, generationId, memberId, groupAssignment });
    const own = memberAssignment.length === 0 ? null : groupMessages.readAssignment(memberAssignment);
    return own === null ? [] : assignment.parse(JSON.parse(own.toString()));
  }

  #announce(partitions: readonly number[]): void {
    this.#owned = partitions;
    this.#news = this.#waiting.length === 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of waiting) resolve(partitions);
  }
}

/** The leader's part. Members must agree on the number of partitions. */
function assignAll(
  members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[],
  partitions: number,
): readonly { readonly memberId: string; readonly memberAssignment: Buffer }[] {
  const offers = members.map(({ memberId, memberMetadata }) => {
    const { owned, partitions: wanted } = offer.parse(
      JSON.parse(String(groupMessages.readOffer(memberMetadata))),
    );
    if (wanted === partitions) return { id: memberId, owned };
    throw new LogError('fatal', 'INCONSISTENT_GROUP_PROTOCOL', `${wanted} partitions, not ${partitions}`);
  });
  return [...assignSticky(offers, partitions)].map(([memberId, own]) => ({
    memberId,
    memberAssignment: groupMessages.assignment(Buffer.from(JSON.stringify(own))),
  }));
}
