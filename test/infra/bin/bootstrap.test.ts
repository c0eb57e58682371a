/** The first command anybody runs: in a project of its own, with an npm that only writes down that it was called. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let project: string;
let script: string;

const lockOf = (version: string): string =>
  JSON.stringify({
    packages: { '': {}, 'node_modules/a': { version }, 'node_modules/b': { version: '1', optional: true } },
  });

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'bootstrap-'));
  script = join(project, 'script.ts');
  for (const folder of ['infra/bin', 'tools']) mkdirSync(join(project, folder), { recursive: true });
  copyFileSync(
    join(import.meta.dirname, '../../../infra/bin/bootstrap.mjs'),
    join(project, 'infra/bin/bootstrap.mjs'),
  );
  writeFileSync(join(project, 'package-lock.json'), lockOf('1.0.0'));
  writeFileSync(
    script,
    'const words: string[] = process.argv.slice(2); console.log("ran", words.join(" ")); process.exit(words.length);',
  );
  npmThat(
    `mkdir -p node_modules/.bin; ln -sf ${process.execPath} node_modules/.bin/node; echo "npm noise"; echo called >> npm-calls`,
  );
});

afterEach(() => rmSync(project, { recursive: true, force: true }));

function npmThat(does: string): void {
  writeFileSync(join(project, 'tools/npm'), `#!/bin/sh\n${does}\n`);
  chmodSync(join(project, 'tools/npm'), 0o755);
}

const env = () => ({ ...process.env, PATH: `${join(project, 'tools')}:${process.env.PATH}` });

function run(...args: string[]): { code: number | null; out: string; err: string } {
  const done = spawnSync(process.execPath, [join(project, 'infra/bin/bootstrap.mjs'), ...args], {
    encoding: 'utf8',
    env: env(),
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

const npmCalls = (): number =>
  existsSync(join(project, 'npm-calls'))
    ? readFileSync(join(project, 'npm-calls'), 'utf8').trim().split('\n').length
    : 0;

test('installs once with one line, passes arguments on and gives the exit code back', () => {
  const first = run(script, 'a', 'b');
  expect(first.code).toBe(2);
  expect(first.out).toBe(
    'Installing the packages named in package-lock.json (npm ci); this happens once.\nran a b\n',
  );
  expect(run(script)).toEqual({ code: 0, out: 'ran \n', err: '' });
  expect(npmCalls()).toBe(1);
});

test('installs again when the lock file changed', () => {
  run(script);
  writeFileSync(join(project, 'package-lock.json'), lockOf('2.0.0'));
  run(script);
  expect(npmCalls()).toBe(2);
});

test('does not install what somebody has installed by hand from the same lock file', () => {
  run(script);
  rmSync(join(project, 'node_modules/.package-lock-stamp'));
  const installed = (version: string): void =>
    writeFileSync(
      join(project, 'node_modules/.package-lock.json'),
      JSON.stringify({ packages: { 'node_modules/a': { version } } }),
    );
  installed('1.0.0');
  expect(run(script).out).toBe('ran \n');
  expect(npmCalls()).toBe(1);
  rmSync(join(project, 'node_modules/.package-lock-stamp'));
  installed('0.9.0');
  run(script);
  expect(npmCalls()).toBe(2);
});

test('shows everything npm said when the installation fails, and tries again the next time', () => {
  npmThat('echo "what went wrong"; echo "and why" >&2; exit 7');
  const failed = run(script);
  expect(failed.code).toBe(1);
  expect(failed.err).toContain('what went wrong\nand why\n');
  expect(failed.err).toContain('npm ci failed with exit code 7');
  expect(run(script).code).toBe(1);
});

test('without a script it says how it is used', () => {
  expect(run()).toMatchObject({
    code: 1,
    err: 'Usage: node infra/bin/bootstrap.mjs path/to/script.ts [arguments]\n',
  });
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  'passes %s on and ends with the code of the script',
  async (signal) => {
    run(script);
    writeFileSync(
      script,
      `process.on('${signal}', () => process.exit(42)); setInterval(() => {}, 1000); console.log('up');`,
    );
    const child = spawn(process.execPath, [join(project, 'infra/bin/bootstrap.mjs'), script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: env(),
    });
    await once(child.stdout, 'data');
    child.kill(signal);
    expect((await once(child, 'exit'))[0]).toBe(42);
  },
);
