// From stripes of squares to λ = β·‖θ‖/‖∂L/∂z‖, 0 where ∂L/∂z is 0; the norm of ∂L/∂z is the mean over samples. One
// workgroup; state is (β, n, d, λ). The count of differing elements starts anew. sh_sums is written before the barrier
// and only read after it.

struct Uniforms {
  lanes: u32,
  gradient_samples: f32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> partials: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> state: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> differing: array<u32>;

var<workgroup> sh_sums: array<vec2f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sums = vec2f();
  for (var i = lane; i < uniforms.lanes; i += 64u) {
    sums += partials[i];
  }
  sh_sums[lane] = sums;
  workgroupBarrier();
  if (lane == 0u) {
    var squares = vec2f();
    for (var i = 0u; i < 64u; i++) {
      squares += sh_sums[i];
    }
    squares.y /= uniforms.gradient_samples;
    differing[0] = 0u;
    state[0].w = select(0.0, state[0].x * sqrt(squares.x) / sqrt(max(squares.y, 1.17549435e-38)), squares.y > 0.0);
  }
}
