/**
 * Job: make a JSON body hostile: other tokens in place of values, names repeated, bytes damaged, nesting, size.
 *
 * Boundary: text in, bytes out; works on tokens, so that it can write what `JSON.stringify` cannot (NaN, -0, 1e400).
 */
import type { Random } from '../../infra/main-job/random.ts';

const TOKEN = /"(?:[^"\\]|\\.)*"(?=\s*[,}\]])|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null/g;
const NAME = /"(?:[^"\\]|\\.)*"(?=\s*:)/g;
const TOKENS: readonly string[] = [
  'NaN',
  'Infinity',
  '-Infinity',
  '-0',
  '-0.0',
  '0.1',
  '1e400',
  '-1e400',
  '1e-400',
  '1e999999999',
  '"1e999999999"',
  '9007199254740993',
  '-9007199254740993',
  '99999999999999999999999999.999999999999',
  '"NaN"',
  '"-0"',
  '"\\ud800"',
  '"\\u0000"',
  '""',
  '" "',
  '"0x10"',
  '"2026-02-31T00:00:00Z"',
  '"+275760-09-13T00:00:00.001Z"',
  '8640000000000001',
  'true',
  'false',
  'null',
  '[]',
  '{}',
  '[null]',
  '[[[[]]]]',
  '{"__proto__":{}}',
  '{"constructor":{"prototype":{}}}',
  '{"toString":1}',
];
const NAMES: readonly string[] = [
  '"__proto__"',
  '"constructor"',
  '"events"',
  '""',
  '"accountId"',
  '"version"',
  '"\\u0000"',
  '"hasOwnProperty"',
];

type Mutate = (text: string, random: Random) => string | Buffer;

export function mutateJson(
  random: Random,
  text: string,
): { readonly mutation: string; readonly body: Buffer } {
  const [mutation, apply] = random.pick(MUTATIONS);
  const body = apply(text, random);
  return { mutation, body: typeof body === 'string' ? Buffer.from(body) : body };
}

const MUTATIONS: readonly (readonly [string, Mutate])[] = Object.entries<Mutate>({
  token: (text, random) => replaced(text, TOKEN, random, random.pick(TOKENS)),
  tokens: (text, random) => {
    let changed = text;
    for (let times = 2 + random.below(3); times > 0; times -= 1) {
      changed = replaced(changed, TOKEN, random, random.pick(TOKENS));
    }
    return changed;
  },
  digits: (text, random) => replaced(text, TOKEN, random, '9'.repeat(1 + random.below(400))),
  decimals: (text, random) => replaced(text, TOKEN, random, `0.${'1'.repeat(1 + random.below(60))}`),
  long_text: (text, random) => replaced(text, TOKEN, random, `"${'ä'.repeat(random.below(5_000))}"`),
  name: (text, random) => replaced(text, NAME, random, random.pick(NAMES)),
  name_twice: (text, random) => text.replace('{', `{${random.pick(NAMES)}:${random.pick(TOKENS)},`),
  bit_flips: (text, random) => {
    const bytes = Buffer.from(text);
    for (let flips = 1 + random.below(6); flips > 0; flips -= 1) {
      const at = random.below(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    }
    return bytes;
  },
  truncated: (text, random) => text.slice(0, random.below(text.length)),
  inserted: (text, random) => {
    const at = random.below(text.length);
    return (
      text.slice(0, at) +
      random.pick(['{', '}', '[', ']', ',', ':', '"', '\\', '\u0000', '\ufeff']) +
      text.slice(at)
    );
  },
  not_utf8: (text, random) => {
    const bytes = Buffer.from(text);
    bytes[random.below(bytes.length)] = random.pick([0xff, 0xc0, 0xed, 0x80]);
    return bytes;
  },
  nested: (text, random) => {
    const depth = random.pick([10, 63, 64, 65, 1_000, 100_000]);
    return replaced(text, TOKEN, random, '['.repeat(depth) + ']'.repeat(depth));
  },
  nested_objects: (text, random) => {
    const depth = random.pick([10, 65, 5_000]);
    return replaced(text, TOKEN, random, `${'{"children":[{"operator":"and","a":'.repeat(depth)}1`);
  },
  batch: (text, random) => {
    const items = Array.from({ length: 1 + random.below(6) }, () => {
      return random.chance(500) ? text : replaced(text, TOKEN, random, random.pick(TOKENS));
    });
    return random.chance(500) ? `[${items.join(',')}]` : `{"events":[${items.join(',')}]}`;
  },
  strange_body: (_, random) =>
    random.pick(['', ' ', '[]', '{}', '{"events":1}', '{"events":[]}', '[[]]', ...TOKENS]),
  noise: (_, random) => Buffer.from(Array.from({ length: random.below(300) }, () => random.below(256))),
});

/** One of the places that the pattern finds, drawn at random, holds something else. */
function replaced(text: string, pattern: RegExp, random: Random, instead: string): string {
  const found = [...text.matchAll(pattern)];
  const at = found[random.below(Math.max(found.length, 1))];
  if (at === undefined) return instead;
  return text.slice(0, at.index) + instead + text.slice(at.index + at[0].length);
}
