// Merges neighbouring sorted stretches of `width` keys in each row of [rows, length]: one lane an element, which finds
// by bisection how many of the other stretch come before it. An equal key of the first stretch comes first, so the
// order of equal ones stays.

#import grid

struct Uniforms {
  count: u32,
  length: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> keys: array<u32>;
@group(0) @binding(2) var<storage, read> places: array<u32>;
@group(0) @binding(3) var<storage, read_write> merged_keys: array<u32>;
@group(0) @binding(4) var<storage, read_write> merged_places: array<u32>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = linear_invocation(workgroup, workgroups, lane, LANES);
  if (i >= uniforms.count) {
    return;
  }
  let row = i / uniforms.length * uniforms.length;
  let place = i - row;
  let stretch = place / uniforms.width;
  let is_second = (stretch & 1u) == 1u;
  let other_start = min((stretch ^ 1u) * uniforms.width, uniforms.length);
  let other_end = min(other_start + uniforms.width, uniforms.length);
  let key = keys[i];
  var low = other_start;
  var high = other_end;
  while (low < high) {
    let middle = (low + high) / 2u;
    let other_key = keys[row + middle];
    let is_before = (other_key < key) | (is_second & (other_key == key));
    low = select(low, middle + 1u, is_before);
    high = select(middle, high, is_before);
  }
  let target_place = row + (stretch & ~1u) * uniforms.width + place % uniforms.width + low - other_start;
  merged_keys[target_place] = key;
  merged_places[target_place] = places[i];
}
