/**
 * Where the peer runs: a copy of it that was built, and one broker for both programs.
 *
 * The peer is not part of this project; it is copied, so that building it leaves no trace where it came from.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const BROKER_START_MS = 60_000;
const BROKER_JVM = ['-Xms1g', '-Xmx1g', '-XX:+UseG1GC'];

/** The folder with the peer's `run.sh`: the one named, or `kafka-streams` in it; null when there is none. */
export function findPeer(dir: string): string | null {
  const found = [dir, join(dir, 'kafka-streams')].find((each) => existsSync(join(each, 'run.sh')));
  return found ?? null;
}

/** A built copy; with `isBuilt` the folder itself, which then holds what Maven made. */
export function buildPeer(peer: string, scratch: string, isBuilt: boolean): string {
  if (isBuilt) return peer;
  const copy = join(scratch, 'peer');
  cpSync(peer, copy, { recursive: true, filter: (path) => !path.startsWith(join(peer, 'target')) });
  run('chmod', ['-R', 'u+w', copy], scratch);
  run('mvn', ['-q', '-B', 'package'], copy);
  return copy;
}

export interface PeerBroker {
  readonly address: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** A broker of the peer's own version and settings. */
export async function startBroker(peer: string, scratch: string): Promise<PeerBroker> {
  const dir = join(scratch, 'broker');
  mkdirSync(dir, { recursive: true });
  const [port, controllerPort] = [await freePort(), await freePort()];
  const settings = join(dir, 'server.properties');
  writeFileSync(
    settings,
    readFileSync(join(peer, 'server.properties.in'), 'utf8')
      .replaceAll('@PORT@', String(port))
      .replaceAll('@CPORT@', String(controllerPort))
      .replaceAll('@DATA@', join(dir, 'data')),
  );
  const tool = ['-cp', classPath(peer), 'kafka.tools.StorageTool'];
  const id = run('java', [...tool, 'random-uuid'], scratch).trim();
  run('java', [...tool, 'format', '-t', id, '-c', settings], scratch);
  const output = openSync(join(scratch, 'broker.log'), 'w');
  const broker = spawn('java', [...BROKER_JVM, '-cp', classPath(peer), 'kafka.Kafka', settings], {
    stdio: ['ignore', output, output],
  });
  await listening(broker, port);
  return {
    address: `127.0.0.1:${port}`,
    pid: broker.pid ?? 0,
    async stop() {
      if (broker.exitCode !== null) return;
      broker.kill('SIGTERM');
      await once(broker, 'exit');
    },
  };
}

/** Everything that the driver and its broker need, relative to nothing. */
export function classPath(peer: string): string {
  return `${join(peer, 'target', 'peer.jar')}:${join(peer, 'target', 'lib')}/*`;
}

async function listening(broker: ChildProcess, port: number): Promise<void> {
  const deadline = performance.now() + BROKER_START_MS;
  while (broker.exitCode === null && performance.now() < deadline) {
    if (await answers(port)) return;
    await pause(200);
  }
  broker.kill('SIGKILL');
  throw new Error('the broker did not start; what it said is in broker.log of the scratch folder');
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('there is no free port');
  return address.port;
}

function run(command: string, args: readonly string[], cwd: string): string {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (result.error !== undefined) throw result.error;
  if (result.status === 0) return result.stdout;
  throw new Error(`${command} ended with ${result.status}: ${result.stderr}`);
}
