// dx of y = softmax(x), which is y·(dy − Σ dy·y), or of its logarithm, dy − eʸ·Σ dy, along the middle axis of
// [outer, length, inner]: one lane a row (or four rows side by side), no barriers. Types as in softmax-lanes.wgsl.

#import lanes

@group(0) @binding(1) var<storage, read> y: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read_write> dx: array<T>;

fn run(i: u32) {
  let inner = uniforms.inner;
  let start = (i / inner) * uniforms.length * inner + i % inner;
  let end = start + uniforms.length * inner;
  var total = T(0);
  for (var at = start; at < end; at += inner) {
    total += slope_term(y[at], dy[at]);
  }
  let sum = T(together(total));
  for (var at = start; at < end; at += inner) {
    dx[at] = slope(y[at], dy[at], sum);
  }
}
