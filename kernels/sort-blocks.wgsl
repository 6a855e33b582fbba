// Sorts stretches of BLOCK elements of each row of [rows, length] by counting: one lane an element, which goes to the
// place of its rank. Keys are words made of the numbers' bits, whose order is that of the numbers (−0 as +0), or the
// reverse; equal ones keep their order. `places` says where in the row each sorted key came from.

#import lanes
#import merge-sort

struct Uniforms {
  count: u32,
  length: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> keys: array<u32>;
@group(0) @binding(3) var<storage, read_write> places: array<u32>;

fn sorted_key(row: u32, place: u32) -> u32 {
  return key_of(x[row + place]);
}

fn run(i: u32) {
  let row = i / uniforms.length * uniforms.length;
  let place = i - row;
  let target_place = row + place_in_block(row, place, uniforms.length, BLOCK);
  keys[target_place] = sorted_key(row, place);
  places[target_place] = place;
}
