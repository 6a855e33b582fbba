// Squares of θ and of ∂L/∂z, summed in stripes: lane i takes elements i, i + lanes, … of both. Numbers that are not
// finite are left out, so that they do not spread to the state.
#import grid

struct Uniforms {
  theta_size: u32,
  gradient_size: u32,
  lanes: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> theta: array<f32>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> partials: array<vec2f>;

fn square_of(value: f32) -> f32 {
  let broken = (bitcast<u32>(value) & 0x7f800000u) == 0x7f800000u;
  let finite = select(value, 0.0, broken);
  return finite * finite;
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = linear_invocation(workgroup, workgroups, lane, 64u);
  if (first >= uniforms.lanes) {
    return;
  }
  var sums = vec2f();
  for (var i = first; i < uniforms.theta_size; i += uniforms.lanes) {
    sums.x += square_of(theta[i]);
  }
  for (var i = first; i < uniforms.gradient_size; i += uniforms.lanes) {
    sums.y += square_of(gradient[i]);
  }
  partials[first] = sums;
}
