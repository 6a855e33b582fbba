// The point of some coefficients, base + Σ λ·state, and y = target_scale·target + point_scale·point. One lane four
// elements of a row, which first puts its own of a new state into the slot that this has got (correct.wgsl). The
// coefficients of group q are number first + stride·q of `numbers` [number, instance].
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
@group(0) @binding(5) var<storage, read_write> states: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

fn four(place: u32) -> vec4f {
  let at = 4u * place;
  return vec4f(states[at], states[at + 1u], states[at + 2u], states[at + 3u]);
}

fn keep_new(element: u32, place: u32, from_base: f32) {
  states[place] = state[element] - from_base;
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let job = linear_invocation(workgroup, workgroups, lane, 64u);
  let quarters = (uniforms.size + 3u) / 4u;
  let instance = job / quarters;
  if (instance >= uniforms.instances) {
    return;
  }
  let count = uniforms.instances * uniforms.size;
  let row = instance * uniforms.size;
  let first = 4u * (job % quarters);
  let last = row + uniforms.size - 1u;
  // Beyond the row its last element again.
  let elements = min(vec4u(row + first) + vec4u(0u, 1u, 2u, 3u), vec4u(last));
  let from_base = uniforms.base_scale *
    vec4f(base[elements.x], base[elements.y], base[elements.z], base[elements.w]);
  if (uniforms.is_new == 1u) {
    let slot = u32(numbers[(4u * uniforms.groups + 4u) * uniforms.groups * uniforms.instances + instance].x);
    if (slot < 4u * uniforms.groups) {
      let places = ((slot / 4u) * count + elements) * 4u + slot % 4u;
      keep_new(elements.x, places.x, from_base.x);
      keep_new(elements.y, places.y, from_base.y);
      keep_new(elements.z, places.z, from_base.z);
      keep_new(elements.w, places.w, from_base.w);
    }
  }
  var points = from_base;
  for (var q = 0u; q < uniforms.used; q++) {
    let own = numbers[(uniforms.first + uniforms.stride * q) * uniforms.instances + instance];
    let places = q * count + elements;
    points += vec4f(
      dot(own, four(places.x)),
      dot(own, four(places.y)),
      dot(own, four(places.z)),
      dot(own, four(places.w)),
    );
  }
  for (var i = 0u; i < 4u; i++) {
    if (first + i < uniforms.size) {
      let element = row + first + i;
      y[element] = uniforms.target_scale * destination[element] + uniforms.point_scale * points[i];
    }
  }
}
