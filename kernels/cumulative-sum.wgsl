// Running sums along the middle axis of [outer, length, inner]: one lane walks one chunk of CHUNK elements of one
// (outer, inner), from `start_of`, and gives what it meets to `keep` and where it ends to `finish` (engine/ops/
// cumulative-sum.ts composes these: one dispatch writes the chunks' totals, the next one begins with the sums of them).

#import lanes

struct Uniforms {
  count: u32,
  length: u32,
  inner: u32,
  chunks: u32,
  reverse: u32,
  exclusive: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;

fn run(i: u32) {
  let row = i / uniforms.inner;
  let chunk = row % uniforms.chunks;
  let first = row / uniforms.chunks * uniforms.length * uniforms.inner + i % uniforms.inner;
  let end = min((chunk + 1u) * CHUNK, uniforms.length);
  var sum = start_of(i);
  for (var r = chunk * CHUNK; r < end; r++) {
    let place = first + select(r, uniforms.length - 1u - r, uniforms.reverse == 1u) * uniforms.inner;
    let before = sum;
    sum += x[place];
    keep(place, select(sum, before, uniforms.exclusive == 1u));
  }
  finish(i, sum);
}
