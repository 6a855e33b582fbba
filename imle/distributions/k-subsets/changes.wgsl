// How the chances (chances.wgsl) change with θ along dθ, the first item first: with c(i, j) the change of ln r(i, j), and
// d = p·(dθ_i − c) that of ln(r + w) beyond c,
//   dp(i, j) = (1 − p(i, j))·d(i, j),   c(i + 1, j) = c(i, j) + d(i, j) − d(i, j − 1).
// `values` are c.

@group(0) @binding(2) var<storage, read> chances: array<vec4f>;
@group(0) @binding(3) var<storage, read> dtheta: array<f32>;
@group(0) @binding(4) var<storage, read_write> dchances: array<vec4f>;

var<private> at_item: u32;
var<private> at_dtheta: f32;
// d(i, j − 1) of the block before.
var<private> at_drawn: f32;

fn each_block(b: u32) {
  let place = chances_at(at_item, b);
  let p = chances[place];
  let change = values(b);
  let drawn = p * (at_dtheta - change);
  set_values(b, change + drawn - vec4f(at_drawn, drawn.xyz));
  at_drawn = drawn.w;
  dchances[place] = drawn - p * drawn;
}

fn run(row: u32) {
  at_row = row;
  begin_blocks(vec4f());
  for (var i = uniforms.first; i < uniforms.first + uniforms.items; i++) {
    at_item = i;
    at_dtheta = dtheta[at_row * uniforms.n + i];
    at_drawn = 0.0;
    all_blocks();
  }
  finish_blocks();
}
