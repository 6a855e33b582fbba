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
// log-partition. `values` are the ratios; the last block of `work` is the k-th largest weight, and the sum of what was
// cut off.

const LARGEST = 60.0;

@group(0) @binding(2) var<storage, read> theta: array<f32>;
@group(0) @binding(3) var<storage, read> chosen: array<f32>;
@group(0) @binding(4) var<storage, read_write> chances: array<vec4f>;

var<private> at_item: u32;
var<private> at_weight: f32;
// 1 − p(i, j − 1) of the block before.
var<private> at_skipped: f32;

fn each_block(b: u32) {
  let r = values(b);
  let sum = r + at_weight;
  let part = 1.0 / sum;
  let p = at_weight * part;
  let skipped = r * part;
  set_values(b, sum * vec4f(at_skipped, skipped.xyz));
  at_skipped = skipped.w;
  chances[chances_at(at_item, b)] = p;
}

fn smallest_chosen() -> f32 {
  var smallest = 3e38;
  for (var i = at_row * uniforms.n; i < (at_row + 1u) * uniforms.n; i++) {
    smallest = min(smallest, select(3e38, theta[i], chosen[i] > 0.0));
  }
  return smallest;
}

fn run(row: u32) {
  at_row = row;
  let own = WORK * uniforms.count + at_row;
  if (uniforms.first == 0u) {
    work[own] = vec4f(smallest_chosen(), 0.0, 0.0, 0.0);
  }
  let origin = work[own].x;
  var cut = work[own].y;
  begin_blocks(vec4f());
  for (var i = uniforms.first; i < uniforms.first + uniforms.items; i++) {
    let gap = theta[at_row * uniforms.n + i] - origin;
    cut += max(gap - LARGEST, 0.0);
    at_item = i;
    at_weight = exp(clamp(gap, -LARGEST, LARGEST));
    at_skipped = 1.0;
    all_blocks();
  }
  finish_blocks();
  work[own] = vec4f(origin, cut, 0.0, 0.0);
}
