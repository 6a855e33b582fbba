// What both cross-entropy kernels share. A class out of range is reported (the last word is for the first such row)
// and its loss is 0; a class to be ignored has the loss 0 and is not reported.

struct Uniforms {
  count: u32,
  length: u32,
  classes: u32,
  word: u32,
  ignores: u32,
  ignored: i32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> logits: array<T>;
@group(0) @binding(2) var<storage, read> classes: array<i32>;
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;
@group(0) @binding(4) var<storage, read_write> log_sums: array<f32>;
@group(0) @binding(5) var<storage, read_write> status: array<atomic<u32>>;

// The row's loss, with the maximum taken out of both terms: large logits do not swallow it.
fn finish(row: u32, maximum: f32, log_sum: f32) {
  let chosen = classes[row];
  log_sums[row] = maximum + log_sum;
  if (uniforms.ignores == 1u && chosen == uniforms.ignored) {
    losses[row] = 0.0;
  } else if (chosen < 0 || chosen >= i32(uniforms.classes)) {
    losses[row] = 0.0;
    atomicMax(&status[uniforms.word], (1u << 24u) | (0xffffffu - min(row, 0xffffffu)));
  } else {
    losses[row] = log_sum - (logit(row * uniforms.classes + u32(chosen)) - maximum);
  }
}
