/** The peer's price table: exact whole numbers of 1e-12 of a currency unit per token. */
import { readFileSync } from 'node:fs';
import { parseAmount } from '../../../schemas/amount.ts';

export interface PeerPrice {
  readonly model: string;
  readonly version: number;
  readonly input: number;
  readonly output: number;
  readonly cached: number;
}

export function readPeerPrices(file: string): ReadonlyMap<string, PeerPrice> {
  return peerPrices(readFileSync(file, 'utf8'));
}

export function peerPrices(csv: string): ReadonlyMap<string, PeerPrice> {
  const lines = csv.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line): [string, PeerPrice] => {
      const [model = '', , version = '', input = '', output = '', cached = ''] = line.trim().split(',');
      const price = { model, version: Number(version), input: perToken(input), output: perToken(output) };
      return [model, { ...price, cached: perToken(cached) }];
    }),
  );
}

/** Currency units per million tokens as units of 1e-12 per token; `parseAmount` refuses what is not exact. */
function perToken(perMillion: string): number {
  return exact(Number(parseAmount(`${perMillion}e-6`)));
}

/** The peer's arithmetic is checked for overflow at 2^63, this at 2^53: an amount of the load stays far below both. */
export function exact(units: number): number {
  if (!Number.isSafeInteger(units)) throw new Error(`${units} is too large to be exact`);
  return units;
}
