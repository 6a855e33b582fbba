// Folds the middle axis of [outer, length, inner] to [outer, splits, inner]: one lane a result, which is a block of
// neighbours where inner is more than 1, no barrier, no atomic. `length` and `inner` count blocks; a lane has a stretch
// of the length to itself, as processors want it.

#import lanes

struct Uniforms {
  count: u32,
  length: u32,
  splits: u32,
  inner: u32,
  elements: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> result: array<R>;

fn run(i: u32) {
  let inner_ix = i % uniforms.inner;
  let split = (i / uniforms.inner) % uniforms.splits;
  let outer_ix = i / (uniforms.inner * uniforms.splits);
  let start = outer_ix * uniforms.length * uniforms.inner + inner_ix;
  let kept_ix = outer_ix * uniforms.inner + inner_ix;
  let turns = (uniforms.length + uniforms.splits - 1u) / uniforms.splits;
  let end = min((split + 1u) * turns, uniforms.length);
  var total = identity();
  for (var r = split * turns; r < end; r++) {
    total = combine(total, load(start + r * uniforms.inner, r, kept_ix));
  }
  result[i] = scaled(fold(total));
}
