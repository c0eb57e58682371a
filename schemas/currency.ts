/**
 * Currencies of ISO 4217 and how many decimals their smallest unit has.
 *
 * Job: refuse a currency that does not exist, and round an invoice to what can be paid. Boundary: no exchange rates.
 *
 * Source: the maintenance agency's list one, published 2026-01-01; a test compares this table with it. Metals, bond
 * units and test codes have no smallest unit and are left out, since nothing can be invoiced in them.
 */
import type { Id } from './ids.ts';
import { quoted, ValueError } from './value-error.ts';

export type Currency = Id<'Currency'>;

const CODES_BY_EXPONENT: readonly (readonly [exponent: number, codes: string])[] = [
  [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'],
  [
    2,
    `
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE
    CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD
    HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK
    MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD
    RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH
    USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG`,
  ],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
  [4, 'CLF UYW'],
];

const EXPONENTS: ReadonlyMap<string, number> = new Map(
  CODES_BY_EXPONENT.flatMap(([exponent, codes]) =>
    codes
      .trim()
      .split(/\s+/)
      .map((code): [string, number] => [code, exponent]),
  ),
);

export const CURRENCY_CODES: readonly string[] = [...EXPONENTS.keys()].sort();

export function parseCurrency(text: string): Currency {
  if (!EXPONENTS.has(text)) {
    throw new ValueError('currency_unknown', `${quoted(text)} is not an active ISO 4217 currency`);
  }
  return text as Currency;
}

/** Decimals of the smallest payable unit: 2 for USD, 0 for JPY, 3 for KWD. */
export function exponentOf(currency: string): number {
  const exponent = EXPONENTS.get(currency);
  if (exponent === undefined) {
    throw new ValueError('currency_unknown', `${quoted(currency)} is not an active ISO 4217 currency`);
  }
  return exponent;
}
