// Folds the middle axis of [outer, length, inner] to [outer, splits, inner]: one lane a result, no barrier, no atomic.
// Lane s of the splits takes the elements s + k·splits, so that neighbours read neighbours; the host folds `splits` in
// turn until one is left (engine/ops/reduction.ts). Four accumulators: shorter chains, smaller rounding errors.

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
  let step = uniforms.splits;
  let end = uniforms.length;
  var sum0 = identity();
  var sum1 = identity();
  var sum2 = identity();
  var sum3 = identity();
  var r = split;
  for (; r + 3u * step < end; r += 4u * step) {
    sum0 = combine(sum0, load(start + r * uniforms.inner, r, kept_ix));
    sum1 = combine(sum1, load(start + (r + step) * uniforms.inner, r + step, kept_ix));
    sum2 = combine(sum2, load(start + (r + 2u * step) * uniforms.inner, r + 2u * step, kept_ix));
    sum3 = combine(sum3, load(start + (r + 3u * step) * uniforms.inner, r + 3u * step, kept_ix));
  }
  for (; r < end; r += step) {
    sum0 = combine(sum0, load(start + r * uniforms.inner, r, kept_ix));
  }
  result[i] = scaled(fold(combine(combine(sum0, sum1), combine(sum2, sum3))));
}
