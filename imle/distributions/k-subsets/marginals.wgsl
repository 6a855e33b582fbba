// Marginals μ_i = Σ_j A(i, j)·p(i, j), A(i, j) being the chance that j of the items 0 … i are still to be drawn when
// item i is reached: the sampler (sample.wgsl) as a Markov chain, from the last item down,
//   A(i − 1, j) = A(i, j)·(1 − p(i, j)) + A(i, j + 1)·p(i, j + 1).
// TANGENT 1: y is the change of μ with that of the chances, by dA, instead.
//
// `work`: the k + 1 numbers A(i, ·), then their changes.

@group(0) @binding(2) var<storage, read> chances: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

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
  let tangents = (k + 1u) * rows + row;
  if (uniforms.first + uniforms.items == uniforms.n) {
    for (var j = 0u; j <= k; j++) {
      work[j * rows + row] = select(0.0, 1.0, j == k);
      if (TANGENT == 1u) {
        work[j * rows + tangents] = 0.0;
      }
    }
  }
  for (var i = uniforms.first + uniforms.items; i > uniforms.first; i--) {
    let item = i - 1u;
    let most = min(k, i);
    // Upwards: what flows from j to j − 1 is drawn, the rest stays.
    var held = work[row];
    var held_change = 0.0;
    if (TANGENT == 1u) {
      held_change = work[tangents];
    }
    var sum = 0.0;
    for (var j = 1u; j <= most; j++) {
      let place = (item * k + j - 1u) * rows + row;
      let p = chances[place];
      let a = work[j * rows + row];
      let drawn = a * p;
      work[(j - 1u) * rows + row] = held + drawn;
      held = a * (1.0 - p);
      if (TANGENT == 1u) {
        let change = change_of(place);
        let a_change = work[j * rows + tangents];
        let drawn_change = a_change * p + a * change;
        work[(j - 1u) * rows + tangents] = held_change + drawn_change;
        held_change = a_change * (1.0 - p) - a * change;
        sum += drawn_change;
      } else {
        sum += drawn;
      }
    }
    work[most * rows + row] = held;
    if (TANGENT == 1u) {
      work[most * rows + tangents] = held_change;
    }
    y[row * uniforms.n + item] = sum;
  }
}
