import { createClient } from '@clickhouse/client';
import { startEndpoint } from '/work/main/test/contract/clickhouse-endpoint-support.ts';
import { applyAnalyticsSchema } from '/work/main/services/analytics-sink/schema.ts';
import { ClickHouseStore } from '/work/main/services/analytics-sink/store-clickhouse.ts';
import { OpenBlock } from '/work/main/services/analytics-sink/block.ts';
import { chargeFor, costEvent, directory, framed, journalEntry, logRecord, outgoing, routes, sinkLog, MID_MONTH } from '/work/main/test/services/analytics-sink/sink-records.ts';
import { runSink, SINK_LIMITS } from '/work/main/services/analytics-sink/sink.ts';
const ep=await startEndpoint(); const mk=()=>createClient({url:ep.url,...ep.writer});
try{
const c=mk(); await applyAnalyticsSchema(c); const pause=(ms:number)=>new Promise<void>(r=>setTimeout(r,ms));
const store=new ClickHouseStore({client:c,sinkId:'bench',pause});
let off=0; const place=(t:string)=>routes.find(r=>r.topic===t)!;
const mkBlock=(t:string,n:number)=>{let o:OpenBlock|null=null; for(let i=0;i<n;i++){const k=off++; const v=t==='cost-events'?framed('CostEvent',costEvent(k)):t==='charges'?framed('Charge',chargeFor(costEvent(k))):framed('JournalEntry',journalEntry(k,5n)); const r=logRecord({topic:t,offset:k},v); o??=new OpenBlock(place(t),r,0); o.add(r);} return o!.seal()!;};
for(const t of ['cost-events']) for(const n of [20000]){ const it=n>=5000?4:8; const bl=Array.from({length:it},()=>mkBlock(t,n)); const cpu0=await cpu(); const t0=performance.now(); for(const b of bl) await store.insert(b); const d=(performance.now()-t0)/it; console.log(t,'records',n,'rows',bl[0].rows,d.toFixed(1)+' ms/insert',(bl[0].rows/d*1000|0)+' rows/s','server cpu ms/insert',((await cpu()-cpu0)/it).toFixed(0)); }
async function cpu(){const fs=await import('node:fs'); const s=fs.readFileSync(`/proc/${ep.process.pid}/stat`,'utf8').split(') ')[1].split(' '); return (Number(s[11])+Number(s[12]))*10;}
// whole sink
const log=await sinkLog(()=>MID_MONTH,2); const N=100000; 
for(let i=0;i<N;i+=1000){ await log.append(Array.from({length:1000},(_,k)=>outgoing({topic:'cost-events',partition:(i/1000)%2},'CostEvent',costEvent(off+i+k)))); }
await c.command({query:'TRUNCATE TABLE usage'});
const stop=new AbortController(); let rows=0,blocks=0; const t0=performance.now(); const cpuA=process.cpuUsage(); const s0=await cpu();
const done=runSink({log,store:new ClickHouseStore({client:mk(),sinkId:'bench2',pause}),directory,routes,limits:SINK_LIMITS,nowMs:()=>performance.now(),pause,observer:{onReady:()=>console.log('ready',(performance.now()-t0)|0),onInserted:b=>{rows+=b.rows;blocks++; if(rows>=N)stop.abort();},onTrouble:(w,e)=>console.log(w,String(e))}},stop.signal);
await done; const d=performance.now()-t0; const u=process.cpuUsage(cpuA); console.log('sink',rows,'rows',blocks,'blocks',d|0,'ms',(rows/d*1000|0)+' rows/s; sink cpu us/row',((u.user+u.system)/rows).toFixed(2),'server cpu us/row',((await cpu()-s0)*1000/rows).toFixed(1));
await store.close();
} catch(e){console.log(e);} finally { await ep.remove(); process.exit(0);}
