// What kernels/channels.wgsl reduces for the gradients of a layer normalisation's weight and bias: over the rows (as
// images) of [rows, channels, 1], Σ dy and Σ dy·(x − mean)·inverse, with a mean and an inverse for each row.

@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read> means: array<f32>;
@group(0) @binding(4) var<storage, read> inverses: array<f32>;
@group(0) @binding(5) var<storage, read_write> parts: array<W>;

fn context_of(channel: u32) -> W {
  return W(0);
}

fn item(at: u32, row: u32, context: W) -> Item {
  return Item(dy[at], dy[at] * ((x[at] - T(means[row])) * T(inverses[row])));
}

fn store(split: u32, channel: u32, part: Part) {
  let at = 2u * split * uniforms.channels + channel;
  parts[at] = part.dy;
  parts[at + uniforms.channels] = part.product;
}
