import { defineSolver, type Solver } from "webgpu-imle";

/**
 * A solver of several passes, each with many invocations an instance: the rank of every weight (0 is the largest; ties
 * by index). The first pass keeps the weights in the workspace, the second counts, for every weight, those before it,
 * and the third emits. By lanes and by workgroups, with the same text.
 */
export function ranking(): Solver {
  const parts = ([n]: readonly number[]): number => Math.ceil(n! / 4);
  const keep = (parameters: string, first: string): string => `
fn solve(${parameters}) {
  if (${first}) {
    let weights = bitcast<vec4u>(weight4(part));
    for (var j = 0u; j < 4u; j++) { work_store(4u * part + j, weights[j]); }
  }
}`;
  const count = (parameters: string, first: string): string => `
fn solve(${parameters}) {
  if (${first}) {
    for (var i = 4u * part; i < min(4u * part + 4u, size()); i++) {
      let own = bitcast<f32>(work_load(i));
      var rank = 0u;
      for (var j = 0u; j < size(); j++) {
        let other = bitcast<f32>(work_load(j));
        rank += select(0u, 1u, other > own || (other == own && j < i));
      }
      work_store(ranks() + i, rank);
    }
  }
}
fn ranks() -> u32 { return 4u * ((size() + 3u) / 4u); }`;
  const emit = `
fn solve() {
  let ranks = 4u * ((size() + 3u) / 4u);
  for (var i = 0u; i < size(); i++) { emit(i, i32(work_load(ranks + i))); }
}`;
  const emitWorkgroup = emit.replace("solve()", "solve(lane: u32)").replace("var i = 0u", "var i = lane").replace("i++", "i += 32u");
  return defineSolver({
    name: "ranking",
    sense: "max",
    workspace: ([n]) => 8 * Math.ceil(n! / 4),
    maximumState: ([n]) => n! - 1,
    strategies: {
      lane: [{ wgsl: keep("part: u32", "true"), parts }, { wgsl: count("part: u32", "true"), parts }, { wgsl: emit }],
      workgroup: [
        { wgsl: keep("lane: u32, part: u32", "lane == 0u"), parts, workgroupSize: 32 },
        { wgsl: count("lane: u32, part: u32", "lane == 0u"), parts, workgroupSize: 32 },
        { wgsl: emitWorkgroup, workgroupSize: 32 },
      ],
    },
  });
}

/** The twin. */
export function rankingCpu(weights: ArrayLike<number>): Int32Array {
  const order = Array.from({ length: weights.length }, (_, i) => i);
  order.sort((a, b) => weights[b]! - weights[a]! || a - b);
  const ranks = new Int32Array(weights.length);
  order.forEach((i, rank) => (ranks[i] = rank));
  return ranks;
}
