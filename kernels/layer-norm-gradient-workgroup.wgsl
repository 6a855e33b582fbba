// dx of a layer normalisation, as layer-norm-gradient-lanes.wgsl: one workgroup a row. Lane l has the elements l,
// l + LANES, ….

#import folds
#import rows

@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read> means: array<f32>;
@group(0) @binding(4) var<storage, read> inverses: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<T>;

alias V = vec2f;

fn run(row: u32, start: u32, end: u32, lane: u32) {
  let own_row = select(0u, row, row < uniforms.count);
  let mean = T(means[own_row]);
  let inverse = T(inverses[own_row]);
  var total = T(0);
  var product = T(0);
  for (var at = start + lane; at < end; at += LANES) {
    let g = dy[at] * weight_at(at - start);
    total += g;
    product += g * ((x[at] - mean) * inverse);
  }
  let sums = sum_over_lanes(lane, vec2f(together(total), together(product))) * uniforms.share;
  for (var at = start + lane; at < end; at += LANES) {
    let g = dy[at] * weight_at(at - start);
    dx[at] = (g - T(sums.x) - (x[at] - mean) * inverse * T(sums.y)) * inverse;
  }
}
