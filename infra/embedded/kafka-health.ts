/**
 * Asks a broker the one question every version answers: which requests it understands (ApiVersions, key 18, version 0).
 * Written by hand, since a health check should not need a client.
 */
import { connect } from 'node:net';
import { LOOPBACK } from './ports.ts';

const apiVersionsKey = 18;
const correlationId = 1;
const answerTimeoutMs = 2_000;
/** Size, correlation id, and the error code behind them. */
const answerHeadBytes = 10;

/** Size, api key, api version, correlation id, and the client's name, all in network byte order. */
export function apiVersionsRequest(clientName: string): Buffer {
  const name = Buffer.from(clientName, 'utf8');
  const body = Buffer.alloc(10 + name.length);
  body.writeInt16BE(apiVersionsKey, 0);
  body.writeInt16BE(0, 2);
  body.writeInt32BE(correlationId, 4);
  body.writeInt16BE(name.length, 8);
  name.copy(body, 10);
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length, 0);
  return Buffer.concat([size, body]);
}

/** True when the bytes are the head of an answer to our request without an error. */
export function isGoodAnswer(answer: Buffer): boolean {
  if (answer.length < answerHeadBytes) return false;
  return answer.readInt32BE(4) === correlationId && answer.readInt16BE(8) === 0;
}

export function answersApiVersions(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: LOOPBACK, port });
    let answer = Buffer.alloc(0);
    const finish = (good: boolean): void => {
      socket.destroy();
      resolve(good);
    };
    socket.setTimeout(answerTimeoutMs, () => finish(false));
    socket.on('error', () => finish(false));
    socket.on('close', () => finish(false));
    socket.on('connect', () => socket.write(apiVersionsRequest('health')));
    socket.on('data', (bytes: Buffer) => {
      answer = Buffer.concat([answer, bytes]);
      if (answer.length >= answerHeadBytes) finish(isGoodAnswer(answer));
    });
  });
}
