const CASES=[[3,20,5,1],[3,50,7,1],[3,50,40,1],[2,333,100,1],[2,333,333,0],[2,1000,0,0],[2,3584,100,1],[2,5001,40,0],[2,9000,10,1],[2,9000,40,0],[2,9001,4000,1],[1,70000,1000,0],[1,70001,3,2],[1,70001,100,3]];
import { Engine, solveOutputs, topK, budgetedSubset } from "webgpu-imle";
import { topKIndicesCpu } from "webgpu-imle/testing";
const engine = await Engine.create();
const strategies = globalThis.STRAT ?? ["lane","workgroup"];
let bad=0;
for (const [B,n,k,ties] of CASES) {
  const w=Float32Array.from({length:B*n},(_, i)=>ties===2?i: ties===3?-i: ties?Math.round(Math.random()*4-2):Math.random()*2-1);
  const wanted=[...Array(B).keys()].map(r=>topKIndicesCpu(w.subarray(r*n,(r+1)*n),k));
  for (const strategy of strategies) for (const outs of [[],["values","indices"]]) {
    const t0=performance.now();
    try {
    const r=solveOutputs(topK(k),engine.tensor(w,[B,n]),outs,undefined,{strategy});
    const z=await r.state.read(); 
    const mask=new Float32Array(B*n); wanted.forEach((ix,r)=>ix.forEach(i=>mask[r*n+i]=1));
    let wrong=0; z.forEach((v,i)=>{if(v!==mask[i])wrong++});
    if(outs.length){const v=await r.values.read(), ix=await r.indices.read(); wanted.forEach((ixs,row)=>ixs.forEach((i,j)=>{ if(ix[row*k+j]!==i||v[row*k+j]!==w[row*n+i])wrong++;}));}
    if (wrong) bad++;
    console.log(wrong?"WRONG":"ok",B,n,k,ties,strategy,outs.length, wrong, (performance.now()-t0).toFixed(0)+"ms");
    } catch(e){bad++;console.log("ERR",B,n,k,strategy,outs.length,String(e.message).slice(0,600));}
  }
}
console.log("bad",bad);
