// The point of some coefficients, base + Σ λ·state, and y = target_scale·target + point_scale·point. One lane an element,
// which first puts its own of a new state into the slot that this has got (correct.wgsl). The coefficients of group q are
// number first + stride·q of `numbers` [number, instance].
#import grid

struct Uniforms {
  instances: u32,
  size: u32,
  groups: u32,
  used: u32,
  first: u32,
  stride: u32,
  is_new: u32,
  base_scale: f32,
  target_scale: f32,
  point_scale: f32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> numbers: array<vec4f>;
@group(0) @binding(2) var<storage, read> destination: array<f32>;
@group(0) @binding(3) var<storage, read> base: array<f32>;
@group(0) @binding(4) var<storage, read> state: array<f32>;
@group(0) @binding(5) var<storage, read_write> states: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let element = linear_invocation(workgroup, workgroups, lane, 64u);
  if (element >= uniforms.instances * uniforms.size) {
    return;
  }
  let instance = element / uniforms.size;
  let count = uniforms.instances * uniforms.size;
  let from_base = uniforms.base_scale * base[element];
  if (uniforms.is_new == 1u) {
    let slot = u32(numbers[(4u * uniforms.groups + 4u) * uniforms.groups * uniforms.instances + instance].x);
    let q = slot / 4u;
    if (q < uniforms.groups) {
      let isSlot = vec4u(0u, 1u, 2u, 3u) == vec4u(slot % 4u);
      states[q * count + element] = select(states[q * count + element], vec4f(state[element] - from_base), isSlot);
    }
  }
  var point = from_base;
  for (var q = 0u; q < uniforms.used; q++) {
    let own = numbers[(uniforms.first + uniforms.stride * q) * uniforms.instances + instance];
    point += dot(own, states[q * count + element]);
  }
  y[element] = uniforms.target_scale * destination[element] + uniforms.point_scale * point;
}
