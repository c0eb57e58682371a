/**
 * The house rules that a machine can hold: sizes, imports, who may read the environment and the clock, banned words,
 * the fixed top level, and the headings of each service's README.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const CODE_FOLDERS = ['schemas', 'topology', 'services', 'infra', 'test'];
const SOURCE_LINES_MAX = 400;
const TEST_LINES_MAX = 600;
const EXPORTS_MAX = 6;
const HEADER_FROM_LINES = 60;

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly lines: number;
}

function walk(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? walk(path) : [path];
  });
}

const files: readonly SourceFile[] = CODE_FOLDERS.flatMap((folder) => walk(join(ROOT, folder)))
  .map((path) => ({ path: relative(ROOT, path), text: readFileSync(path, 'utf8') }))
  .map((file) => ({ ...file, lines: file.text.split('\n').length }));
const typescript = files.filter(({ path }) => path.endsWith('.ts'));
const written = typescript.filter(({ path }) => !path.startsWith('schemas/generated/'));
const source = written.filter(({ path }) => !path.startsWith('test/'));

function offenders(list: readonly SourceFile[], isWrong: (file: SourceFile) => boolean): readonly string[] {
  return list.filter(isWrong).map(({ path }) => path);
}

/** Text without comments and strings, so that a rule about code does not trip over prose. */
function codeOf(file: SourceFile): string {
  return file.text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\/\/.*$/gm, '')
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''")
    .replace(/`(?:[^`\\]|\\.)*`/g, '``');
}

describe('size (R1)', () => {
  test(`source files have at most ${SOURCE_LINES_MAX} lines, tests ${TEST_LINES_MAX}`, () => {
    const limit = (path: string): number => (path.startsWith('test/') ? TEST_LINES_MAX : SOURCE_LINES_MAX);
    expect(offenders(written, ({ path, lines }) => lines > limit(path))).toEqual([]);
  });

  test(`a file exports at most ${EXPORTS_MAX} values and types that others use as its concept`, () => {
    const count = ({ text }: SourceFile): number =>
      (text.match(/^export (?:async )?(?:function|class|const|abstract)/gm) ?? []).length;
    expect(offenders(source, (file) => count(file) > EXPORTS_MAX)).toEqual([]);
  });
});

describe('types (R2)', () => {
  /** Each exception is one cast at an edge that the compiler cannot see through, explained where it stands. */
  const CASTS_ALLOWED = new Set(['topology/input.ts']);

  test('`as` stands only in constructors of schemas/', () => {
    const isWrong = (file: SourceFile): boolean =>
      !file.path.startsWith('schemas/') &&
      !CASTS_ALLOWED.has(file.path) &&
      / as (?!const\b)[A-Za-z{[(]/.test(codeOf(file).replace(/^(?:import|export)[\s\S]*?;$/gm, ''));
    expect(offenders(source, isWrong)).toEqual([]);
  });

  test('nothing switches the checker off', () => {
    expect(
      offenders(
        written,
        ({ path, text }) => path !== 'test/tidy.test.ts' && /@ts-(?:ignore|nocheck|expect-error)/.test(text),
      ),
    ).toEqual([]);
  });
});

/** Folder of the imported file, relative to the root; null for packages. */
function importsOf(file: SourceFile): readonly string[] {
  return [...file.text.matchAll(/(?:from|import\()\s*'(\.[\w./-]*)'/g)].map(([, target = '']) =>
    relative(ROOT, resolve(dirname(join(ROOT, file.path)), target)),
  );
}

describe('imports (R8)', () => {
  const allowed: readonly (readonly [
    string,
    (path: string) => boolean,
    (target: string, path: string) => boolean,
  ])[] = [
    [
      'schemas imports nothing outside itself',
      (path) => path.startsWith('schemas/'),
      (target) => target.startsWith('schemas/'),
    ],
    [
      'topology imports schemas',
      (path) => path.startsWith('topology/'),
      (target) => target.startsWith('topology/') || target.startsWith('schemas/'),
    ],
    [
      'services never import each other, pricing apart',
      (path) => path.startsWith('services/'),
      (target, path) =>
        !target.startsWith('services/') ||
        target.startsWith('services/pricing/') ||
        target.split('/')[1] === path.split('/')[1],
    ],
    [
      'model, decide and evolve stay pure: schemas, pricing, siblings and the contract',
      (path) => /^services\/[^/]+\/(?:model|decide|evolve)\.ts$/.test(path),
      (target, path) =>
        target.startsWith('schemas/') ||
        target.startsWith('services/pricing/') ||
        target.startsWith(`${dirname(path)}/`) ||
        target === 'topology/processor.ts',
    ],
    [
      'nothing but tests imports test/',
      (path) => !path.startsWith('test/'),
      (target) => !target.startsWith('test/'),
    ],
  ];
  test.each(allowed)('%s', (_, applies, isAllowed) => {
    const wrong = written
      .filter(({ path }) => applies(path))
      .flatMap((file) =>
        importsOf(file)
          .filter((target) => !isAllowed(target, file.path))
          .map((target) => `${file.path} -> ${target}`),
      );
    expect(wrong).toEqual([]);
  });

  test('one file imports the Kafka client', () => {
    const importers = offenders(source, ({ text }) => /(?:from|require\(|import\()\s*'kafkajs/.test(text));
    expect(importers.filter((path) => !path.endsWith('.d.ts'))).toEqual(['topology/log-kafka-client.ts']);
  });
});

describe('environment, clock and chance (R5, R8)', () => {
  const isPure = (path: string): boolean =>
    /^(?:schemas|topology|services)\//.test(path) &&
    !path.endsWith('/main.ts') &&
    path !== 'schemas/generate.ts' &&
    path !== 'schemas/samples/write.ts';
  const cases: readonly (readonly [string, RegExp, readonly string[]])[] = [
    ['the environment', /process\.env|\benv\[/, []],
    // The create time of a record, which our topics replace by append time, and the broker's throttling.
    ['the wall clock', /Date\.now|new Date\(\)/, ['topology/log-kafka.ts', 'topology/log-kafka-client.ts']],
    ['chance', /Math\.random/, []],
  ];
  test.each(cases)('%s is not read outside main.ts', (_, pattern, exceptions) => {
    const pure = source.filter(({ path }) => isPure(path) && !exceptions.includes(path));
    expect(offenders(pure, (file) => pattern.test(codeOf(file)))).toEqual([]);
  });

  test('money never meets a float', () => {
    const isWrong = (file: SourceFile): boolean => /parseFloat/.test(codeOf(file));
    expect(
      offenders(
        source.filter(({ path }) => /^(?:schemas|services)\//.test(path)),
        isWrong,
      ),
    ).toEqual([]);
  });
});

describe('words', () => {
  /** Rejected names and what to say instead (design of the names, style R12). */
  const BANNED: readonly (readonly [RegExp, string])[] = [
    [/\bwallet\b/i, 'balance'],
    [/\bDLQ\b|\bdeadLetterQueue\b/, 'dead letter, rejected topic'],
    [/\bquarantine\b/i, 'held, rejected'],
    [/\brate ?card\b/i, 'price book'],
    [/\bdrawdown\b/i, 'burn'],
    [/\bcredit memo\b/i, 'credit note'],
    [/\btenant\b/i, 'billing account'],
    [/\bTODO\b|\bFIXME\b|\bXXX_/, 'an issue'],
  ];
  const PROSE = files.filter(
    ({ path }) => /\.(?:ts|md|sql|avsc)$/.test(path) && path !== 'test/tidy.test.ts',
  );

  test.each(BANNED)('%s is not used; the word is %s', (pattern) => {
    expect(offenders(PROSE, ({ text }) => pattern.test(text))).toEqual([]);
  });

  test('no path of a machine stands anywhere', () => {
    expect(offenders(PROSE, ({ text }) => /\/(?:work|root|home)\/[a-z]/.test(text))).toEqual([]);
  });
});

describe('the shape of the house', () => {
  test('the top level is fixed', () => {
    const ignored = new Set(['node_modules', '.git', '.ledger', '.cache', 'coverage']);
    const expected = [
      '.ci',
      '.dockerignore',
      '.gitignore',
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'LICENSE',
      'README.md',
      'biome.json',
      'docker-compose.yml',
      'infra',
      'package-lock.json',
      'package.json',
      'schemas',
      'services',
      'test',
      'topology',
      'tsconfig.json',
    ];
    expect(readdirSync(ROOT).filter((name) => !ignored.has(name) && !expected.includes(name))).toEqual([]);
  });

  test(`every file above ${HEADER_FROM_LINES} lines opens with a header`, () => {
    const isWrong = ({ text, lines }: SourceFile): boolean =>
      lines > HEADER_FROM_LINES && !text.startsWith('/**');
    expect(offenders(source, isWrong)).toEqual([]);
  });

  test('each service has a README with the five headings', () => {
    const services = readdirSync(join(ROOT, 'services')).filter((name) => name !== 'pricing');
    const headings = ['owns', 'does not own', 'invariants', 'times', 'failure'];
    const wrong = services.filter((name) => {
      const readme = files.find(({ path }) => path === `services/${name}/README.md`)?.text ?? '';
      const found = [...readme.matchAll(/^## (.+)$/gm)].map(([, heading = '']) =>
        heading.trim().toLowerCase(),
      );
      return !headings.every((heading) => found.includes(heading));
    });
    expect(wrong).toEqual([]);
  });
});
