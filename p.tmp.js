import { Engine, solve, topK } from "webgpu-imle";
const engine = await Engine.create(); engine.seed(1);
async function time(f, reps=6){ 
  f(); await engine.idle(); 
  const batch = async (n)=>{const t=performance.now(); for(let i=0;i<n;i++){engine.scope(()=>{f();});} await engine.idle(); return performance.now()-t;};
  let n=2; while(await batch(n)<40) n*=2;
  const r=[]; for(let i=0;i<reps;i++){const a=await batch(n), b=await batch(3*n); r.push((b-a)/(2*n));} r.sort((a,b)=>a-b); return r[reps>>1].toFixed(3)+" ms (q1 "+r[reps>>2].toFixed(3)+")"; }
for (const [B,n,k,ss] of [[256,1000,10,["lane"]],[256,1000,100,["lane"]],[256,3500,1000,["lane"]],[1,8000,10,["lane"]],[1,8193,10,["lane"]],[1,8000,100,["lane"]],[1,8193,100,["lane"]],[256,8000,10,["lane"]],[256,8193,10,["lane"]],[256,8000,100,["lane"]],[256,8193,100,["lane"]],[70,350,10,["lane"]],[1,1000000,1000,["lane","workgroup"]],[1,1000000,10,["lane"]],[1,1000000,500000,["lane","workgroup"]]]) {
  const th=engine.normal([B,n]);
  for (const strategy of ss) console.log(B,n,k,strategy, await time(()=>solve(topK(k),th,undefined,{strategy})));
  th.dispose();
}
