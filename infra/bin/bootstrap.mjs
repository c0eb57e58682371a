/**
 * Runs one of the project's TypeScript files with the project's own Node, installing packages first when they are
 * missing or older than the lock file. Usage: node infra/bin/bootstrap.mjs path/to/script.ts [arguments]
 *
 * 1. It needs nothing but Node 20 and npm, since it runs before anything is installed.
 * 2. It is quiet when all goes well; when the installation fails, everything npm said is shown.
 * 3. Its exit code is the script's, and what ends it ends the script.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
const modules = join(root, 'node_modules');
const stampFile = join(modules, '.package-lock-stamp');
const node = join(modules, '.bin', 'node');
const nodeMajorMin = 20;
const signalExitBase = 128;

/** The stamp is the fingerprint of the lock file that the installed packages were made from. */
function lockFingerprint() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

function isStamped(fingerprint) {
  return existsSync(node) && existsSync(stampFile) && readFileSync(stampFile, 'utf8').trim() === fingerprint;
}

/** True when somebody ran npm by hand: npm keeps a list of what it installed, which is compared with the lock file. */
function isInstalledByHand() {
  const wanted = readJson(join(root, 'package-lock.json'))?.packages;
  const installed = readJson(join(modules, '.package-lock.json'))?.packages;
  if (!wanted || !installed || !existsSync(node)) return false;
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || installed[path]?.version === entry.version,
  );
}

function install() {
  console.log('Installing the packages named in package-lock.json (npm ci); this happens once.');
  const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root, encoding: 'utf8' });
  if (result.error)
    fail(`npm could not be started (${result.error.message}): install npm, which comes with Node.`);
  if (result.status === 0 && existsSync(node)) return;
  process.stderr.write(`${result.stdout}${result.stderr}`);
  fail(`npm ci failed with exit code ${result.status}; what it said is above.`);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

/**
 * A terminal sends Ctrl-C to the script as well as to us, so it is passed on only when there is no terminal;
 * otherwise the script would be told twice.
 */
function runScript(script, args) {
  const child = spawn(node, [resolve(script), ...args], { stdio: 'inherit' });
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) child.kill('SIGINT');
  });
  child.on('error', (error) => fail(`${node} could not be started: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exit(code ?? signalExitBase + (constants.signals[signal] ?? 0));
  });
}

const [script, ...args] = process.argv.slice(2);
if (!script) fail('Usage: node infra/bin/bootstrap.mjs path/to/script.ts [arguments]');
if (Number(process.versions.node.split('.')[0]) < nodeMajorMin) {
  fail(
    `Node ${nodeMajorMin} or newer is needed to begin, and this is ${process.versions.node}: install a newer one.`,
  );
}
const fingerprint = lockFingerprint();
if (!isStamped(fingerprint)) {
  if (!isInstalledByHand()) install();
  writeFileSync(stampFile, `${fingerprint}\n`);
}
runScript(script, args);
