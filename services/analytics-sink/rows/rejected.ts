/**
 * Refusals and dead letters as rows of one table, `rejected`: one place to look for what was not accepted.
 *
 * The raw bytes of a dead letter are written as base64, since they need not be text of any encoding.
 */
import type { DeadLetter } from '../../../schemas/generated/dead-letter.ts';
import type { Refusal } from '../../../schemas/generated/refusal.ts';
import { type Column, tableOf } from '../table.ts';

const originColumns: readonly Column<DeadLetter | Refusal>[] = [
  ['service', (out, rejected) => out.text(rejected.service)],
  ['code', (out, rejected) => out.text(rejected.code)],
  ['message', (out, rejected) => out.text(rejected.message)],
  ['origin_topic', (out, rejected) => out.text(rejected.originTopic)],
  ['origin_partition', (out, rejected) => out.integer(rejected.originPartition)],
  ['origin_offset', (out, rejected) => out.integer(rejected.originOffset)],
  ['recorded_at', (out, rejected) => out.instant(rejected.recordedAt)],
  ['source_id', (out, rejected) => out.text(rejected.sourceId)],
  ['source_sequence', (out, rejected) => out.integer(rejected.sourceSequence)],
];

export const refusalsTable = tableOf<Refusal>('rejected', [
  ['kind', (out) => out.text('refusal')],
  ...originColumns,
  ['field', (out, refusal) => out.text(refusal.field)],
  ['transient', (out, refusal) => out.flag(refusal.transient)],
  ['account_id', (out, refusal) => out.text(refusal.accountId)],
  ['record_id', (out, refusal) => out.text(refusal.recordId)],
  ['key_base64', (out) => out.text('')],
  ['value_base64', (out) => out.text('')],
]);

export const deadLettersTable = tableOf<DeadLetter>('rejected', [
  ['kind', (out) => out.text('dead_letter')],
  ...originColumns,
  ['field', (out) => out.text('')],
  ['transient', (out) => out.flag(false)],
  ['account_id', (out) => out.text('')],
  ['record_id', (out) => out.text('')],
  ['key_base64', (out, letter) => out.text(letter.key?.toString('base64') ?? null)],
  ['value_base64', (out, letter) => out.text(letter.value?.toString('base64') ?? null)],
]);
