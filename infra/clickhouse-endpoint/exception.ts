/**
 * Failures as ClickHouse tells them: a number, a name and a sentence, and the HTTP status that goes with the number.
 *
 * The engine's own failures arrive as text in this very form and keep their number and name.
 */

export interface ExceptionFacts {
  readonly code: number;
  readonly codeName: string;
  readonly text: string;
}

export class ClickhouseException extends Error {
  override readonly name = 'ClickhouseException';
  readonly code: number;
  readonly codeName: string;

  constructor({ code, codeName, text }: ExceptionFacts) {
    super(text);
    this.code = code;
    this.codeName = codeName;
  }
}

type Refusal = (text: string) => ClickhouseException;

function refusal(code: number, codeName: string): Refusal {
  return (text) => new ClickhouseException({ code, codeName, text });
}

/** The failures that the endpoint itself raises. */
export const FAILURES = {
  syntaxError: refusal(62, 'SYNTAX_ERROR'),
  unknownCompression: refusal(89, 'UNKNOWN_COMPRESSION_METHOD'),
  cannotDecompress: refusal(271, 'CANNOT_DECOMPRESS'),
  readOnly: refusal(164, 'READONLY'),
  tooManyQueries: refusal(202, 'TOO_MANY_SIMULTANEOUS_QUERIES'),
  tooLarge: refusal(307, 'TOO_MANY_BYTES'),
  notImplemented: refusal(48, 'NOT_IMPLEMENTED'),
  badArguments: refusal(36, 'BAD_ARGUMENTS'),
  accessDenied: refusal(497, 'ACCESS_DENIED'),
  authenticationFailed: refusal(516, 'AUTHENTICATION_FAILED'),
} as const;

const engineText =
  /Code: (\d+)\. DB::Exception: ([\s\S]*?)\s*\(([A-Z][A-Z0-9_]+)\)(?: \(version [^)]*\))?\.?\s*$/;

const unknownException = { code: 1002, codeName: 'UNKNOWN_EXCEPTION' };

/** Any failure as an exception with a number. The engine nests its text when it passes a failure on; the outer wins. */
export function toException(error: unknown): ClickhouseException {
  if (error instanceof ClickhouseException) return error;
  const message = error instanceof Error ? error.message : String(error);
  const [, code, text, codeName] = engineText.exec(message) ?? [];
  if (code === undefined || text === undefined || codeName === undefined) {
    return new ClickhouseException({ ...unknownException, text: message });
  }
  return new ClickhouseException({ code: Number(code), codeName, text: unnested(text) });
}

/** The body of an error answer, in the form the clients take apart. */
export function exceptionBody({ code, codeName, message }: ClickhouseException, version: string): string {
  const ending = /[.!?]$/.test(message) ? '' : '.';
  return `Code: ${code}. DB::Exception: ${message}${ending} (${codeName}) (version ${version})\n`;
}

const statusOfCode: ReadonlyMap<number, number> = new Map([
  [60, 404],
  [81, 404],
  [164, 403],
  [497, 403],
  [516, 403],
  [202, 503],
  [307, 413],
  [241, 500],
  [159, 408],
  [48, 501],
  ...[
    6, 20, 26, 27, 36, 38, 41, 42, 43, 46, 47, 53, 62, 69, 72, 73, 89, 115, 117, 130, 139, 271, 386, 396, 456,
    457,
  ].map((code): [number, number] => [code, 400]),
]);

const statusOfOthers = 500;

export function httpStatus(code: number): number {
  return statusOfCode.get(code) ?? statusOfOthers;
}

function unnested(text: string): string {
  const inner = engineText.exec(text);
  return inner?.[2] ?? text;
}
