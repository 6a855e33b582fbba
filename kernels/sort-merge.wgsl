// Merges neighbouring sorted stretches of `width` keys in each row of [rows, length]: one lane an element. The order of
// equal ones stays.

#import lanes
#import merge-sort

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

fn sorted_key(row: u32, place: u32) -> u32 {
  return keys[row + place];
}

fn run(i: u32) {
  let row = i / uniforms.length * uniforms.length;
  let place = i - row;
  let target_place = row + place_in_merge(row, place, uniforms.length, uniforms.width);
  merged_keys[target_place] = keys[i];
  merged_places[target_place] = places[i];
}
