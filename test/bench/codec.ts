/**
 * P3: the codec. Usage events and charges to bytes and back: ours, avsc as it comes, and JSON.
 *
 * Ours is avsc underneath, with types that check what avsc lets through. What each way reads back is compared with what
 * was written, amounts as text.
 */
import { type Progress, SILENT } from '../../infra/cli/progress.ts';
import { generatedUses } from '../../infra/main-job/usage.ts';
import { customers } from '../../infra/main-job/world.ts';
import { type Amount, amountOfUnits, formatAmount } from '../../schemas/amount.ts';
import { decodeFramed, encodeFramed } from '../../schemas/codec.ts';
import type { RecordTypes } from '../../schemas/generated/record-types.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import { unpacked, valuesNamed } from '../support/packed.ts';
import { kernelCase, OurKernel } from './kernel.ts';
import { plainType } from './plain/avro.ts';
import { Money } from './plain/money.ts';
import { type Comparison, type ContestResult, compete } from './rounds.ts';

const FRAME_BYTES = 5;
const RECORDS = 50_000;

type CodecRecord = 'UsageEvent' | 'Charge';

/** One way of writing a record: both directions, and what it reads as text that is the same in every way. */
interface Way {
  readonly name: string;
  readonly encode: (index: number) => Buffer;
  readonly decode: (bytes: Buffer) => unknown;
}

export interface CodecCase {
  readonly record: CodecRecord;
  readonly values: readonly RecordTypes[CodecRecord][];
}

export async function codecCases(records: number): Promise<readonly CodecCase[]> {
  const plan = {
    seed: 1,
    accounts: 1_000,
    usageEvents: records,
    anchor: instantOfMillis(Date.UTC(2026, 10, 22)),
  };
  const uses = [...generatedUses(plan, customers(plan))];
  const kernel = kernelCase({ accounts: plan.accounts, uses: records });
  const taken = (await OurKernel.open(kernel)).run();
  const charges = taken.flatMap(({ outputs }) =>
    valuesNamed(unpacked(outputs.packer.packs), 'Charge', kernel.directory).flatMap((value) => {
      const decoded = decodeFramed('Charge', value, (id) => kernel.directory.writerSchema(id));
      return decoded.ok ? [decoded.value] : [];
    }),
  );
  return [
    { record: 'UsageEvent', values: uses },
    { record: 'Charge', values: charges.slice(0, records) },
  ];
}

export function waysOf({ record, values }: CodecCase): readonly Way[] {
  const directory = new MemorySchemaDirectory();
  directory.writerSchema(0);
  const id = directory.idOf(record);
  const type = plainType(record);
  // Each way is handed its own kind of money, made beforehand.
  const withMoney = values.map((value) => mapped(value, (amount) => new Money(formatAmount(amount))));
  const withText = values.map((value) => mapped(value, formatAmount));
  return [
    {
      name: 'ours',
      encode: (index) => encodeFramed(record, at(values, index), id),
      decode(bytes) {
        const decoded = decodeFramed(record, bytes, (writer) => directory.writerSchema(writer));
        if (!decoded.ok) throw new Error(decoded.message);
        return decoded.value;
      },
    },
    {
      name: 'avsc',
      encode(index) {
        const body = type.toBuffer(withMoney[index]);
        const framed = Buffer.allocUnsafe(FRAME_BYTES + body.length);
        framed[0] = 0;
        framed.writeUInt32BE(id, 1);
        body.copy(framed, FRAME_BYTES);
        return framed;
      },
      decode: (bytes) => type.fromBuffer(bytes.subarray(FRAME_BYTES)),
    },
    {
      name: 'JSON',
      encode: (index) => Buffer.from(JSON.stringify(withText[index])),
      decode: (bytes): unknown => JSON.parse(bytes.toString()),
    },
  ];
}

function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new Error(`there is no value ${index}`);
  return found;
}

/** The record with every amount turned into something else. */
function mapped(value: unknown, turn: (amount: Amount) => unknown): unknown {
  if (typeof value === 'bigint') return turn(amountOfUnits(value));
  if (Array.isArray(value)) return value.map((item) => mapped(item, turn));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, mapped(part, turn)]));
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint') return formatAmount(amountOfUnits(part));
    return part;
  });
}

/** Every value that some way does not read back as it was. */
export function codecDifferences(codecCase: CodecCase): number {
  const ways = waysOf(codecCase);
  const isWrong = (value: unknown, index: number): boolean =>
    ways.some((way) => textOf(way.decode(way.encode(index))) !== textOf(value));
  return codecCase.values.filter(isWrong).length;
}

async function contestsOf(codecCase: CodecCase, progress: Progress): Promise<readonly ContestResult[]> {
  const { record, values } = codecCase;
  const ways = waysOf(codecCase);
  const encoded = ways.map(({ encode }) => values.map((_, index) => encode(index)));
  let kept: unknown = null;
  const common = { operations: values.length, operation: 'records' };
  return [
    await compete(
      {
        ...common,
        name: `${record} to bytes`,
        sides: ways.map(({ name, encode }) => ({
          name,
          run() {
            for (let index = 0; index < values.length; index += 1) kept = encode(index);
          },
        })),
      },
      progress,
    ),
    await compete(
      {
        ...common,
        name: `${record} from bytes`,
        sides: ways.map(({ name, decode }, way) => ({
          name,
          run() {
            for (const bytes of encoded[way] ?? []) kept = decode(bytes);
          },
        })),
      },
      progress,
    ),
  ].filter(() => kept !== null);
}

export async function codec(progress: Progress = SILENT, records = RECORDS): Promise<Comparison> {
  const cases = await codecCases(records);
  const contests: ContestResult[] = [];
  for (const codecCase of cases) contests.push(...(await contestsOf(codecCase, progress)));
  return {
    contests,
    compared: 3 * cases.reduce((sum, { values }) => sum + values.length, 0),
    differences: cases.reduce((sum, codecCase) => sum + codecDifferences(codecCase), 0),
  };
}
