// Marginals μ_i = Σ_j A(i, j)·p(i, j), A(i, j) being the chance that j of the items 0 … i are still to be drawn when
// item i is reached: the sampler (sample.wgsl) as a Markov chain, from the last item down,
//   A(i − 1, j) = A(i, j)·(1 − p(i, j)) + A(i, j + 1)·p(i, j + 1).
// TANGENT 1: y is the change of μ with that of the chances, by dA, instead.
// `values` are A(i, 1), A(i, 2), …; `changes` their changes.

@group(0) @binding(2) var<storage, read> chances: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

var<private> at_item: u32;
var<private> at_sum: f32;
// Of the block above: what flows down from its lowest number, and how that changes.
var<private> at_drawn: f32;
var<private> at_drawn_change: f32;

// From the last block to the first.
fn each_block(b: u32) {
  let place = chances_at(at_item, b);
  let p = chances[place];
  let a = values(b);
  let drawn = a * p;
  set_values(b, a * (1.0 - p) + vec4f(drawn.yzw, at_drawn));
  at_drawn = drawn.x;
  if (TANGENT == 1u) {
    let change = change_of(place);
    let a_change = changes(b);
    let drawn_change = a_change * p + a * change;
    set_changes(b, a_change * (1.0 - p) - a * change + vec4f(drawn_change.yzw, at_drawn_change));
    at_drawn_change = drawn_change.x;
    at_sum += dot(drawn_change, vec4f(1.0));
  } else {
    at_sum += dot(drawn, vec4f(1.0));
  }
}

fn run(row: u32) {
  at_row = row;
  begin_blocks(vec4f(vec4u((uniforms.k - 1u) & 3u) == vec4u(0u, 1u, 2u, 3u)));
  for (var i = uniforms.first + uniforms.items; i > uniforms.first; i--) {
    at_item = i - 1u;
    at_sum = 0.0;
    at_drawn = 0.0;
    at_drawn_change = 0.0;
    all_blocks();
    y[at_row * uniforms.n + at_item] = at_sum;
  }
  finish_blocks();
}
