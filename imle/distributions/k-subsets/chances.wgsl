// The chances by which k of n items are drawn one after the other, the last item first: p(i, j) is that of item i,
// where j of the items 0 … i are still to be drawn. With E(i, j) = ln Σ exp⟨z, θ⟩ over the subsets z of j of the first
// i items,
//   E(i + 1, j) = ln(exp E(i, j) + exp(θ_i + E(i, j − 1))),   p(i, j) = σ(θ_i + E(i, j − 1) − E(i, j)).
// Ahmed, Zeng, Niepert, Van den Broeck, "SIMPLE", ICLR 2023, Proposition 1, sequentially and in logarithms.
//
// One lane a row of θ, for items first … first + items − 1; E is kept in `work` [k + 1, rows] from one dispatch to the
// next. TANGENT 1: also dp(i, j), the change of p with θ along dθ, by dE, kept behind E.
// Where j > i all are drawn (p = 1), which is said by index and not by an infinite E.

#import grid

struct Uniforms {
  rows: u32,
  n: u32,
  k: u32,
  first: u32,
  items: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> theta: array<f32>;
@group(0) @binding(2) var<storage, read_write> work: array<f32>;
@group(0) @binding(3) var<storage, read_write> chances: array<f32>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = linear_invocation(workgroup, workgroups, lane, LANES);
  let rows = uniforms.rows;
  if (row >= rows) {
    return;
  }
  let k = uniforms.k;
  let tangents = (k + 1u) * rows + row;
  if (uniforms.first == 0u) {
    work[row] = 0.0;
    if (TANGENT == 1u) {
      work[tangents] = 0.0;
    }
  }
  for (var i = uniforms.first; i < uniforms.first + uniforms.items; i++) {
    let x = theta[row * uniforms.n + i];
    var j = min(k, i + 1u);
    // Downwards, so that E(i, j − 1) is still there for E(i + 1, j).
    var skipped = 0.0;
    var skipped_change = 0.0;
    if (j <= i) {
      skipped = work[j * rows + row];
      if (TANGENT == 1u) {
        skipped_change = work[j * rows + tangents];
      }
    }
    for (; j > 0u; j--) {
      let all = j > i;
      let before = work[(j - 1u) * rows + row];
      let gap = x + before - skipped;
      let p = select(sigmoid(gap), 1.0, all);
      work[j * rows + row] = select(skipped + softplus(gap), x + before, all);
      let place = (i * k + j - 1u) * rows + row;
      chances[place] = p;
      if (TANGENT == 1u) {
        let before_change = work[(j - 1u) * rows + tangents];
        let gap_change = change_of(row * uniforms.n + i) + before_change - skipped_change;
        work[j * rows + tangents] = skipped_change + p * gap_change;
        keep_change(place, p * (1.0 - p) * gap_change);
        skipped_change = before_change;
      }
      skipped = before;
    }
  }
}
