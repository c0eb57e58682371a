import { openKafkaLog } from '../topology/log-kafka.ts';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync, openSync } from 'node:fs';
const D = '/tmp/kafka-logport';
const log = openKafkaLog({ brokers: ['127.0.0.1:29472'], clientId: 'restart', requestTimeoutMs: 5_000 });
const topic = `r-${Date.now()}`;
await log.admin.createTopics([{ name: topic, partitions: 1, replicationFactor: 1, config: {} }]);
const rec = (v: string) => ({ topic, partition: 0, key: Buffer.from('k'), value: Buffer.from(v) });
let tx = await log.transactor(topic, { timeoutMs: 10_000 });
const reader = await log.reader({ positions: [{ topic, partition: 0, offset: 0 }], fetchBytesMax: 1e6, partitionBytesMax: 1e6, fetchWaitMs: 500 });
const seen: string[] = []; let readErrors: string[] = []; let stop = false;
const reading = (async () => { while (!stop) { try { for (const s of await reader.fetch()) for (const r of s.records) seen.push(String(r.value)); } catch (e: any) { readErrors.push(e.kind + ':' + e.code); await new Promise((r) => setTimeout(r, 100)); } } })();
const member = await log.join('g' + topic, 2); console.log('member', await member.next());
const commits: string[] = []; const outcome: string[] = []; const t0 = performance.now();
const at = () => ((performance.now() - t0) / 1000).toFixed(1);
let n = 0; let killed = false; const appended: string[] = [];
const appending = (async () => { for (let i = 0; i < 60; i++) { try { await log.append([rec('p' + i)]); appended.push('p' + i); } catch (e: any) { outcome.push(at() + ' append ' + e.kind + ':' + e.code); } await new Promise((r) => setTimeout(r, 200)); } })();
while (performance.now() - t0 < 16_000) {
  if (!killed && performance.now() - t0 > 2_000) { killed = true; process.kill(Number(readFileSync(D + '/pid', 'utf8')), 'SIGKILL'); 
    setTimeout(() => { const out = openSync(D + '/out.log', 'a'); const c = spawn('java', ['-Xmx512m', '-cp', '/tmp/kafka-libs/*', `-Dlog4j2.configurationFile=${D}/log4j2.properties`, 'kafka.Kafka', 'server.properties'], { cwd: D, detached: true, stdio: ['ignore', out, out] }); writeFileSync(D + '/pid', String(c.pid)); c.unref(); }, 1500); }
  const v = 't' + n++;
  try { await tx.commit({ records: [rec(v)], groupPositions: null }); commits.push(v); } catch (e: any) {
    outcome.push(`${at()} ${v} ${e.kind}:${e.code}`); await tx.close();
    for (;;) { try { tx = await log.transactor(topic, { timeoutMs: 10_000 }); outcome.push(at() + ' reopened'); break; } catch (e: any) { outcome.push(`${at()} open ${e.kind}:${e.code}`); await new Promise((r) => setTimeout(r, 300)); } }
  }
  await new Promise((r) => setTimeout(r, 20));
}
await appending; await new Promise((r) => setTimeout(r, 1500)); stop = true; await reading;
console.log(outcome.join('\n')); console.log('read errors', readErrors.length, [...new Set(readErrors)]);
const s = new Set(seen);
console.log('commits', commits.length, 'missing', commits.filter((c) => !s.has(c)), 'tx dups', seen.filter((v) => v.startsWith('t')).length - new Set(seen.filter((v) => v.startsWith('t'))).size, 'extra', [...s].filter((v) => v.startsWith('t') && !commits.includes(v)));
console.log('appended', appended.length, 'missing', appended.filter((c) => !s.has(c)));
const m2 = await log.join('g' + topic, 2); console.log('after', await Promise.all([member.next(), m2.next()]));
await m2.leave(); await member.leave(); await reader.close(); await tx.close(); await log.close();
