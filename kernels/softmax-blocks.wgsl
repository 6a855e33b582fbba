// As softmax-lanes.wgsl, along the last axis of [outer, length]: one lane a row, which it takes in blocks of four vec4,
// so that a place is held within its buffer once a block. `length` counts blocks.

#import lanes

@group(0) @binding(1) var<storage, read> x: array<array<vec4f, 4>>;
@group(0) @binding(2) var<storage, read_write> y: array<array<vec4f, 4>>;

fn run(i: u32) {
  let start = i * uniforms.length;
  let end = start + uniforms.length;
  var maximum = x[start][0].x;
  var total = vec4f(0);
  for (var at = start; at < end; at++) {
    let v = x[at];
    let higher = max(maximum, largest(max(max(v[0], v[1]), max(v[2], v[3]))));
    let four = (exp(v[0] - higher) + exp(v[1] - higher)) + (exp(v[2] - higher) + exp(v[3] - higher));
    total = total * exp(maximum - higher) + four;
    maximum = higher;
  }
  let sum = together(total);
  let share = 1.0 / sum;
  let log_sum = log(sum);
  for (var at = start; at < end; at++) {
    let v = x[at];
    y[at][0] = outcome(v[0] - maximum, share, log_sum);
    y[at][1] = outcome(v[1] - maximum, share, log_sum);
    y[at][2] = outcome(v[2] - maximum, share, log_sum);
    y[at][3] = outcome(v[3] - maximum, share, log_sum);
  }
}

fn outcome(shifted: vec4f, share: f32, log_sum: f32) -> vec4f {
  if (LOGARITHM == 1u) {
    return shifted - log_sum;
  }
  return exp(shifted) * share;
}
