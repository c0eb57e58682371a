/** The parts of the embedded stack that need no server: ports, locks, requirements, properties, processes, state. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { brokerProperties } from '../../../infra/embedded/kafka.ts';
import {
  answersApiVersions,
  apiVersionsRequest,
  isGoodAnswer,
} from '../../../infra/embedded/kafka-health.ts';
import { isLock, lockHolder, tryLock } from '../../../infra/embedded/lock.ts';
import { embeddedPart } from '../../../infra/embedded/part.ts';
import { choosePort, isPortFree, LOOPBACK } from '../../../infra/embedded/ports.ts';
import { type ProcessSpec, type SupervisedProcess, startProcess } from '../../../infra/embedded/process.ts';
import { isAlive, markOf } from '../../../infra/embedded/process-mark.ts';
import {
  findJava,
  javaMajor,
  MissingRequirement,
  requireMaven,
} from '../../../infra/embedded/requirements.ts';
import { startStack } from '../../../infra/embedded/stack.ts';
import { readRunningStack, readState } from '../../../infra/embedded/state-file.ts';
import { settlesWithin, waitUntil } from '../../../infra/embedded/wait.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parts-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function listening(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, LOOPBACK);
  await once(server, 'listening');
  const address = server.address();
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 };
}

describe('ports', () => {
  test('one asked for is used or refused', async () => {
    const { server, port } = await listening();
    await expect(choosePort({ name: 'the broker', given: port })).rejects.toThrow(
      `Port ${port} for the broker is in use`,
    );
    server.close();
    await once(server, 'close');
    expect(await choosePort({ name: 'the broker', given: port })).toBe(port);
    await expect(choosePort({ name: 'the broker', given: port }, new Set([port]))).rejects.toThrow('in use');
  });

  test('a remembered one is used again while it is free', async () => {
    const { server, port } = await listening();
    const replaced = await choosePort({ name: 'x', remembered: port });
    expect(replaced).not.toBe(port);
    expect(await isPortFree(replaced)).toBe(true);
    server.close();
    await once(server, 'close');
    expect(await choosePort({ name: 'x', remembered: port })).toBe(port);
  });
});

describe('locks', () => {
  test('one holder at a time, who is named to the others', () => {
    const file = join(folder, 'lock');
    const lock = tryLock(file);
    expect(isLock(lock)).toBe(true);
    expect(tryLock(file)).toEqual(markOf(process.pid));
    expect(lockHolder(file)?.pid).toBe(process.pid);
    if (isLock(lock)) lock.release();
    expect(lockHolder(file)).toBeNull();
    expect(isLock(tryLock(file))).toBe(true);
  });

  test.each([
    ['of a process that is gone', JSON.stringify({ pid: 2 ** 22 + 1, startMark: '1' })],
    [
      'of an earlier process with a pid that came again',
      JSON.stringify({ pid: process.pid, startMark: 'another' }),
    ],
    ['that says nothing', ''],
  ])('one %s is taken over', (_what, content) => {
    const file = join(folder, 'lock');
    writeFileSync(file, content);
    expect(isLock(tryLock(file))).toBe(true);
    expect(lockHolder(file)?.pid).toBe(process.pid);
  });
});

describe('requirements', () => {
  const java = (output: string) => () => ({ found: true, output });
  const nothing = () => ({ found: false, output: '' });

  test.each([
    ['openjdk version "17.0.15" 2025-04-15', 17],
    ['java version "1.8.0_412"', 8],
    ['openjdk version "25-ea" 2026', 25],
    ['something else', null],
  ])('%s is %s', (text, major) => {
    expect(javaMajor(text)).toBe(major);
  });

  test('Java is looked for in JAVA_HOME first', () => {
    expect(findJava(undefined, java('openjdk version "17.0.1"'))).toBe('java');
    expect(findJava('/opt/jdk', java('openjdk version "21"'))).toBe('/opt/jdk/bin/java');
  });

  test.each([
    [
      'no Java',
      () => findJava(undefined, nothing),
      /^Java 17 or newer is needed.*was not found: install it.*openjdk-17-jre-headless.*KAFKA_BROKERS/,
    ],
    [
      'a wrong JAVA_HOME',
      () => findJava('/opt/gone', nothing),
      /^JAVA_HOME points to \/opt\/gone.*correct JAVA_HOME or unset it\.$/,
    ],
    [
      'an old Java',
      () => findJava(undefined, java('openjdk version "11.0.2"')),
      /"java" is version 11: install a newer one/,
    ],
    ['a strange Java', () => findJava(undefined, java('hello')), /of an unknown version/],
    ['no Maven', () => requireMaven(nothing), /^Maven \(mvn\) is needed once.*apt install maven/],
  ])('%s gives one sentence with the way out', (_what, look, sentence) => {
    expect(look).toThrow(MissingRequirement);
    expect(look).toThrow(sentence);
  });
});

describe('the broker', () => {
  const options = {
    java: 'java',
    jarsDir: '/jars',
    dataDir: '/state/kafka',
    logFile: '/log',
    port: 1,
    controllerPort: 2,
    longLived: false,
  };

  test('listens on loopback only, and advertises the port it listens on', () => {
    const lines = brokerProperties(options).split('\n');
    expect(lines).toContain('listeners=BROKER://127.0.0.1:1,CONTROLLER://127.0.0.1:2');
    expect(lines).toContain('advertised.listeners=BROKER://127.0.0.1:1');
    expect(lines).toContain('auto.create.topics.enable=false');
    expect(lines).toContain('group.initial.rebalance.delay.ms=0');
    expect(lines).toContain('transaction.state.log.replication.factor=1');
  });

  test('is asked ApiVersions in its own protocol', () => {
    expect(apiVersionsRequest('hi').toString('hex')).toBe('0000000c00120000000000010002' + '6869');
    expect(isGoodAnswer(Buffer.from('0000000a000000010000', 'hex'))).toBe(true);
    expect(isGoodAnswer(Buffer.from('0000000a000000010023', 'hex'))).toBe(false);
    expect(isGoodAnswer(Buffer.from('0000000a000000020000', 'hex'))).toBe(false);
    expect(isGoodAnswer(Buffer.alloc(4))).toBe(false);
  });

  test('is healthy by its answer, not by an open port', async () => {
    const { server, port } = await listening();
    server.on('connection', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await answersApiVersions(port)).toBe(false);
    server.removeAllListeners('connection').on('connection', (socket) => {
      socket.once('data', () => socket.write(Buffer.from('0000000a000000010000', 'hex')));
    });
    expect(await answersApiVersions(port)).toBe(true);
    server.close();
    expect(await answersApiVersions(port)).toBe(false);
  });
});

describe('a supervised process', () => {
  const spec = (script: string, changes: Partial<ProcessSpec> = {}): ProcessSpec => ({
    name: 'Part',
    command: process.execPath,
    args: ['-e', script],
    cwd: folder,
    logFile: join(folder, 'logs', 'part.log'),
    healthy: async () => readFileSync(join(folder, 'logs', 'part.log'), 'utf8').includes('up'),
    ...changes,
  });
  const waits = "console.log('up'); setInterval(() => {}, 1000);";

  test('is ready when it answers, and stops when asked', async () => {
    const part = await startProcess(spec(waits));
    expect(part.isRunning()).toBe(true);
    await part.stop();
    expect([part.isRunning(), await part.exited]).toEqual([false, 'signal SIGTERM']);
  });

  test('is killed when it does not stop in time', async () => {
    const part = await startProcess(
      spec(`process.on('SIGTERM', () => {}); ${waits}`, { stopTimeoutMs: 200 }),
    );
    await part.stop();
    expect(await part.exited).toBe('signal SIGKILL');
  });

  test('that ends or never answers is an error with the end of its log', async () => {
    const ends = startProcess(spec("console.log('no disk'); process.exit(3)"));
    await expect(ends).rejects.toThrow(/Part ended with exit code 3[\s\S]*no disk/);
    const silent = startProcess(
      spec("console.log('quiet'); setInterval(() => {}, 1000)", { startTimeoutMs: 500 }),
    );
    await expect(silent).rejects.toThrow(/Part did not answer within 500 ms[\s\S]*quiet/);
    await expect(startProcess(spec('', { command: '/no/such/command' }))).rejects.toThrow(
      'could not be started',
    );
  });

  test('yields to the others with its whole session, where sessions share the cores', async () => {
    const part = await startProcess(spec(waits, { niceness: 7 }));
    const session = `/proc/${part.pid}/autogroup`;
    expect(getPriority(part.pid)).toBe(7);
    if (existsSync(session)) {
      await waitUntil(async () => readFileSync(session, 'utf8').endsWith('nice 7\n'), { timeoutMs: 5_000 });
      expect(readFileSync(session, 'utf8')).toMatch(/nice 7$/m);
    }
    await part.stop();
  });

  test('keeps the log of the run before', async () => {
    await (await startProcess(spec(waits))).stop();
    await (await startProcess(spec(waits))).stop();
    expect(existsSync(join(folder, 'logs', 'part.log.1'))).toBe(true);
  });

  test('ends when its parent is killed', async () => {
    const module = join(import.meta.dirname, '../../../infra/embedded/process.ts');
    const parentScript = `
      import { startProcess } from ${JSON.stringify(module)};
      const part = await startProcess({ name: 'x', command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'],
        cwd: ${JSON.stringify(folder)}, logFile: ${JSON.stringify(join(folder, 'child.log'))}, healthy: async () => true });
      console.log(part.pid);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', parentScript], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(parent.stdout, 'data');
    const mark = markOf(Number(String(line)));
    expect(isAlive(mark)).toBe(true);
    parent.kill('SIGKILL');
    expect(await waitUntil(async () => !isAlive(mark), { timeoutMs: 10_000 })).toBe(true);
  });
});

describe('a part', () => {
  function fakeProcess(): SupervisedProcess & { end(how: string): void } {
    const { promise, resolve } = Promise.withResolvers<string>();
    let running = true;
    const end = (how: string): void => {
      running = false;
      resolve(how);
    };
    return {
      pid: 1,
      exited: promise,
      isRunning: () => running,
      stop: async () => end('stopped'),
      kill: async (signal) => end(signal),
      end,
    };
  }

  test('that ends by itself is started again, a limited number of times', async () => {
    const processes: ReturnType<typeof fakeProcess>[] = [];
    const start = vi.fn(async () => {
      const made = fakeProcess();
      processes.push(made);
      return made;
    });
    const told: string[] = [];
    const part = embeddedPart({
      name: 'part',
      start,
      onChange: () => undefined,
      onProgress: (line) => told.push(line),
    });
    await part.start();
    for (let crash = 1; crash <= 4; crash += 1) {
      processes.at(-1)?.end('signal SIGSEGV');
      await waitUntil(async () => told.length === crash, { timeoutMs: 1000, intervalMs: 1 });
    }
    expect(start).toHaveBeenCalledTimes(4);
    expect(told.at(-1)).toContain('left down');
    await part.restart();
    expect(part.pid).toBe(1);
  });

  test('that was killed through its handle stays down until it is restarted', async () => {
    const start = vi.fn(async () => fakeProcess());
    const part = embeddedPart({
      name: 'part',
      start,
      onChange: () => undefined,
      onProgress: () => undefined,
    });
    await part.start();
    await part.kill('SIGKILL');
    expect(part.pid).toBeNull();
    expect(start).toHaveBeenCalledTimes(1);
    await part.restart();
    expect(start).toHaveBeenCalledTimes(2);
  });
});

describe('the stack without embedded parts', () => {
  const env = {
    kafkaBrokers: 'k:9092',
    schemaRegistryUrl: 'http://r:8081',
    clickhouseUrl: 'http://sink:p%40ss@c:8123',
  };

  test('passes the addresses on and knows the writer from the address', async () => {
    const stack = await startStack({ stateDir: folder, env });
    expect(stack).toMatchObject({ ...env, clickhouseWriter: { username: 'sink', password: 'p@ss' } });
    expect(readRunningStack(folder)).toMatchObject({ ...env, ready: true });
    await expect(startStack({ stateDir: folder, env })).rejects.toThrow(`in use by process ${process.pid}`);
    await stack.stop();
    expect(readRunningStack(folder)).toBeNull();
  });

  test('a state file that cannot be read counts as none', () => {
    writeFileSync(join(folder, 'stack.json'), '{"pid": "x"}');
    expect([readState(folder), readRunningStack(folder)]).toEqual([null, null]);
  });
});

describe('waiting', () => {
  test('ends with the condition or with the time', async () => {
    let asked = 0;
    const third = async (): Promise<boolean> => {
      asked += 1;
      if (asked === 1) throw new Error('not yet');
      return asked === 3;
    };
    expect(await waitUntil(third, { timeoutMs: 1000, intervalMs: 1 })).toBe(true);
    expect(await waitUntil(async () => false, { timeoutMs: 5, intervalMs: 1 })).toBe(false);
    expect(await settlesWithin(Promise.reject(new Error('settled')), 1000)).toBe(true);
    expect(await settlesWithin(new Promise(() => undefined), 5)).toBe(false);
  });
});
