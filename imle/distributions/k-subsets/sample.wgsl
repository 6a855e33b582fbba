// States drawn exactly: one lane a (row, sample) goes through the items from the last to the first, and takes item i
// with chance p(i, j), j being how many are still to be drawn (chances.wgsl). Where j = i + 1 that is 1, so that every
// state has exactly k ones. Item i has the word i % 4 of the Philox block of (i / 4, sample, row, call).

#import lanes
#import philox

struct Uniforms {
  random_place: vec4u,
  count: u32,
  rows: u32,
  samples: u32,
  first_sample: u32,
  n: u32,
  k: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> chances: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> states: array<f32>;

fn run(job: u32) {
  let n = uniforms.n;
  let row = job / uniforms.samples;
  let place = uniforms.random_place;
  var left = uniforms.k;
  var words = vec4u();
  for (var i = n; i > 0u; i--) {
    let item = i - 1u;
    if (((item & 3u) == 3u) | (i == n)) {
      words = philox4(vec4u(item >> 2u, uniforms.first_sample + job % uniforms.samples, row, place.z), place.xy);
    }
    let j = max(left, 1u) - 1u;
    let p = chances[(item * ((uniforms.k + 3u) / 4u) + (j >> 2u)) * uniforms.rows + row][j & 3u];
    let taken = select(0u, 1u, (left > 0u) & (uniform_from(words[item & 3u]) < p));
    states[job * n + item] = f32(taken);
    left -= taken;
  }
}
