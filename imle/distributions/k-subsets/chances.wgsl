// The chances by which k of n items are drawn one after the other, the last item first: p(i, j) is that of item i,
// where j of the items 0 … i are still to be drawn. With e(i, j) = Σ exp⟨z, θ⟩ over the subsets z of j of the first i
// items, w = exp θ_i and the ratios r(i, j) = e(i, j) / e(i, j − 1),
//   p(i, j) = w·e(i, j − 1) / e(i + 1, j) = w / (r(i, j) + w),
//   r(i + 1, j) = (r(i, j) + w)·(1 − p(i, j − 1)),   p(i, 0) = 0:
// all terms positive, one division a step, and nothing cancels. r(i, j) is 0 where j > i, and p then 1.
// Ahmed, Zeng, Niepert, Van den Broeck, "SIMPLE", ICLR 2023, Proposition 1, sequentially and in ratios.
//
// Weights are taken relative to the k-th largest and held within exp(±LARGEST), which r spans: an item further above it
// is in every subset, one further below in none, to a chance of e^−LARGEST. What is cut off above is kept for the
// log-partition. TANGENT 1: also dp(i, j), the change of p with θ along dθ, by the change of ln r, kept behind r.
// `work`: k ratios, the k-th largest weight, the sum of what was cut off, k changes.

const LARGEST = 60.0;

@group(0) @binding(2) var<storage, read> theta: array<f32>;
@group(0) @binding(3) var<storage, read> chosen: array<f32>;
@group(0) @binding(4) var<storage, read_write> chances: array<f32>;

fn smallest_chosen(row: u32) -> f32 {
  var smallest = 3e38;
  for (var i = row * uniforms.n; i < (row + 1u) * uniforms.n; i++) {
    smallest = min(smallest, select(3e38, theta[i], chosen[i] > 0.0));
  }
  return smallest;
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = row_of(workgroup, workgroups, lane);
  let rows = uniforms.rows;
  if (row >= rows) {
    return;
  }
  let k = uniforms.k;
  let own = k * rows + row;
  if (uniforms.first == 0u) {
    work[own] = smallest_chosen(row);
  }
  let origin = work[own];
  var cut = work[own + rows];
  let changes = own + 2u * rows;
  for (var i = uniforms.first; i < uniforms.first + uniforms.items; i++) {
    let gap = theta[row * uniforms.n + i] - origin;
    cut += max(gap - LARGEST, 0.0);
    let w = exp(clamp(gap, -LARGEST, LARGEST));
    let most = min(k, i + 1u);
    let dtheta = change_of(row * uniforms.n + i);
    var place = i * k * rows + row;
    var skipped = 1.0; // 1 − p(i, j − 1)
    var skipped_change = 0.0; // of its logarithm, negative
    for (var j = 0u; j < most; j++) {
      let r = work[j * rows + row];
      let sum = r + w;
      let part = 1.0 / sum;
      let p = w * part;
      work[j * rows + row] = sum * skipped;
      skipped = r * part;
      chances[place] = p;
      if (TANGENT == 1u) {
        let change = work[j * rows + changes];
        let drawn = p * (dtheta - change);
        work[j * rows + changes] = change + drawn - skipped_change;
        skipped_change = drawn;
        keep_change(place, skipped * drawn);
      }
      place += rows;
    }
  }
  work[own + rows] = cut;
}
