// dx of a layer normalisation (Ba, Kiros, Hinton 2016): with g = dy·weight and x̂ = (x − mean)·inverse,
// dx = (g − mean of g − x̂·(mean of g·x̂))·inverse along the last axis of [rows, length]: one lane a row, no barriers.

#import lanes

@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read> means: array<f32>;
@group(0) @binding(4) var<storage, read> inverses: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<T>;

fn run(row: u32) {
  let length = uniforms.length;
  let start = row * length;
  let mean = T(means[row]);
  let inverse = T(inverses[row]);
  var total = T(0);
  var product = T(0);
  for (var k = 0u; k < length; k++) {
    let g = dy[start + k] * weight_at(k);
    total += g;
    product += g * ((x[start + k] - mean) * inverse);
  }
  let offset = T(together(total) * uniforms.share);
  let slope = T(together(product) * uniforms.share);
  for (var k = 0u; k < length; k++) {
    let g = dy[start + k] * weight_at(k);
    dx[start + k] = (g - offset - (x[start + k] - mean) * inverse * slope) * inverse;
  }
}
