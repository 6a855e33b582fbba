// Reports the first element that is NaN or infinite, by its bits. One lane looks at one element, or at four neighbours.

#import lanes

struct Uniforms {
  count: u32,
  size: u32,
  code: u32,
  status_word: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> status: array<atomic<u32>>;

fn run(i: u32) {
  let place = first_unlike(x[i], i);
  if (place < uniforms.size) {
    atomicMax(&status[uniforms.status_word], (uniforms.code << 24u) | (0xffffffu - min(place, 0xffffffu)));
  }
}
