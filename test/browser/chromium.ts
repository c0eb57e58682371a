/**
 * A headless Chromium for tests: found, or installed once where the system is Debian and we may; driven over a pipe.
 *
 * Boundary: knows nothing about the pages that it opens. Commands and answers are Chromium's debugging protocol, as
 * null-terminated JSON on file descriptors 3 and 4, so that no port is opened.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';

const BINARY = '/usr/bin/chromium';
const INSTALL_TIMEOUT_MS = 600_000;
const ANSWER_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
const DUMP_BYTES_MAX = 16 * 1024 * 1024;

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export type Availability =
  | { readonly binary: string; readonly reason: null }
  | { readonly binary: null; readonly reason: string };

/** Where Chromium is; installs it when it is missing and this process may. */
export function findChromium(): Availability {
  if (isThere()) return { binary: BINARY, reason: null };
  if (process.getuid?.() !== 0)
    return { binary: null, reason: `${BINARY} is missing and only root may install it` };
  try {
    const options = { stdio: 'ignore', timeout: INSTALL_TIMEOUT_MS } as const;
    execFileSync('apt-get', ['update'], options);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    execFileSync('apt-get', ['install', '-y', 'chromium'], { ...options, env });
  } catch (error) {
    return {
      binary: null,
      reason: `${BINARY} is missing and apt-get could not install it: ${String(error)}`,
    };
  }
  return isThere()
    ? { binary: BINARY, reason: null }
    : { binary: null, reason: 'the package did not bring it' };
}

function isThere(): boolean {
  try {
    accessSync(BINARY, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The page's document after it has loaded and its requests were answered, as `--dump-dom` prints it. */
export async function dumpDom(binary: string, url: string): Promise<string> {
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
  try {
    const args = [...FLAGS, `--user-data-dir=${profile}`, '--virtual-time-budget=8000', '--dump-dom', url];
    const { stdout } = await promisify(execFile)(binary, args, {
      timeout: ANSWER_TIMEOUT_MS,
      killSignal: 'SIGKILL',
      maxBuffer: DUMP_BYTES_MAX,
    });
    return stdout;
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

type Fields = Readonly<Record<string, unknown>>;

export interface Tab {
  open(url: string): Promise<void>;
  /** The value of an expression in the page. */
  evaluate<T>(expression: string): Promise<T>;
  /** Waits until an expression in the page is true. */
  until(expression: string, timeoutMs?: number): Promise<void>;
  /** Presses one key, for instance `Tab`, `Enter` or `ArrowLeft`. */
  press(key: string): Promise<void>;
  size(width: number, height: number): Promise<void>;
  scheme(scheme: 'light' | 'dark'): Promise<void>;
  screenshot(): Promise<Buffer>;
  /** What the page said on its console, and exceptions nobody caught. */
  readonly complaints: readonly string[];
}

export interface Browser {
  readonly tab: Tab;
  close(): Promise<void>;
}

export async function startChromium(binary: string): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
  const child = spawn(binary, [...FLAGS, `--user-data-dir=${profile}`, '--remote-debugging-pipe'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  const wire = new Wire(child);
  const { targetId } = await wire.send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await wire.send('Target.attachToTarget', { targetId, flatten: true });
  const tab = new PipedTab(wire, String(sessionId));
  await tab.prepare();
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    tab,
    close: async () => {
      child.kill('SIGKILL');
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Fields;
  readonly result?: Fields;
  readonly error?: { readonly message: string };
}

class Wire {
  readonly #input: Writable;
  readonly #waiting = new Map<number, (message: Message) => void>();
  readonly #listeners: ((message: Message) => void)[] = [];
  #lastId = 0;

  constructor(child: ChildProcess) {
    const [, , , input, output] = child.stdio;
    if (!(input instanceof Writable) || !(output instanceof Readable))
      throw new Error('no pipes to Chromium');
    this.#input = input;
    let rest = '';
    output.setEncoding('utf8').on('data', (chunk: string) => {
      const messages = (rest + chunk).split('\0');
      rest = messages.pop() ?? '';
      for (const message of messages) this.#take(JSON.parse(message));
    });
  }

  #take(message: Message): void {
    const answer = message.id === undefined ? undefined : this.#waiting.get(message.id);
    if (message.id !== undefined) this.#waiting.delete(message.id);
    answer?.(message);
    if (message.method !== undefined) for (const listener of this.#listeners) listener(message);
  }

  listen(listener: (message: Message) => void): void {
    this.#listeners.push(listener);
  }

  send(method: string, params: Fields, sessionId?: string): Promise<Fields> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${method} was not answered`)), ANSWER_TIMEOUT_MS);
      this.#waiting.set(id, ({ result, error }) => {
        clearTimeout(late);
        if (error !== undefined) reject(new Error(`${method}: ${error.message}`));
        else resolve(result ?? {});
      });
      this.#input.write(`${JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) })}\0`);
    });
  }
}

const KEYS: Readonly<Record<string, { readonly code: number; readonly text?: string }>> = {
  Tab: { code: 9 },
  Enter: { code: 13, text: '\r' },
  ArrowLeft: { code: 37 },
  ArrowRight: { code: 39 },
  Home: { code: 36 },
  End: { code: 35 },
};

class PipedTab implements Tab {
  readonly complaints: string[] = [];
  readonly #wire: Wire;
  readonly #session: string;

  constructor(wire: Wire, session: string) {
    this.#wire = wire;
    this.#session = session;
    wire.listen(({ method, params = {} }) => {
      if (method === 'Runtime.exceptionThrown')
        this.complaints.push(JSON.stringify(params['exceptionDetails']));
      if (method === 'Runtime.consoleAPICalled' && params['type'] === 'error')
        this.complaints.push(JSON.stringify(params['args']));
      if (method === 'Log.entryAdded') this.complaints.push(JSON.stringify(params['entry']));
    });
  }

  #send(method: string, params: Fields = {}): Promise<Fields> {
    return this.#wire.send(method, params, this.#session);
  }

  async prepare(): Promise<void> {
    await this.#send('Page.enable');
    await this.#send('Runtime.enable');
    await this.#send('Log.enable');
    await this.size(1280, 900);
  }

  async open(url: string): Promise<void> {
    await this.#send('Page.navigate', { url: 'about:blank' });
    await this.#send('Page.navigate', { url });
    await this.until(`document.readyState === 'complete' && location.href !== 'about:blank'`);
  }

  async evaluate<T>(expression: string): Promise<T> {
    const answer = await this.#send('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    });
    const { result, exceptionDetails } = answer as { result: { value: T }; exceptionDetails?: unknown };
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return result.value;
  }

  async until(expression: string, timeoutMs = 20_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      if (await this.evaluate<boolean>(`Boolean(${expression})`).catch(() => false)) return;
      if (performance.now() > deadline) {
        const text = await this.evaluate<string>('document.body.innerText');
        throw new Error(`not true within ${timeoutMs} ms: ${expression}\n${text.slice(0, 2_000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async press(key: string): Promise<void> {
    const { code, text } = KEYS[key] ?? { code: 0 };
    const event = { key, code: key, windowsVirtualKeyCode: code };
    await this.#send('Input.dispatchKeyEvent', { type: 'keyDown', ...event, ...(text && { text }) });
    await this.#send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
  }

  async size(width: number, height: number): Promise<void> {
    await this.#send('Emulation.setDeviceMetricsOverride', {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: width < 600,
    });
  }

  async scheme(value: 'light' | 'dark'): Promise<void> {
    await this.#send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] });
  }

  async screenshot(): Promise<Buffer> {
    const { data } = await this.#send('Page.captureScreenshot', {
      format: 'png',
      captureBeyondViewport: false,
    });
    return Buffer.from(String(data), 'base64');
  }
}
