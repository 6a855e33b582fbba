// Merges neighbouring sorted stretches of `width` keys in each row of [rows, length]: one lane an element. The order of
// equal ones stays. Of two stretches the first `kept` are kept, in rows of `merged_length`.

#import lanes
#import merge-sort

struct Uniforms {
  count: u32,
  length: u32,
  width: u32,
  kept: u32,
  merged_length: u32,
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
  let pair = place / (2u * uniforms.width);
  let rank = place_in_merge(row, place, uniforms.length, uniforms.width) - pair * 2u * uniforms.width;
  if (rank < uniforms.kept) {
    let target_place = i / uniforms.length * uniforms.merged_length + pair * uniforms.kept + rank;
    merged_keys[target_place] = keys[i];
    merged_places[target_place] = places[i];
  }
}
