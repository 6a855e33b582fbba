// What kernels/channels.wgsl reduces for the gradient of a batch normalisation: Σ dy and Σ dy·(x − mean)·inverse, which
// are those of bias and weight.

@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read> means: array<W>;
@group(0) @binding(4) var<storage, read> inverses: array<W>;
@group(0) @binding(5) var<storage, read_write> parts: array<W>;

fn context_of(channel: u32) -> W {
  return means[channel];
}

fn item(at: u32, image: u32, mean: W) -> Item {
  return Item(dy[at], dy[at] * (x[at] - T(mean)));
}

fn store(split: u32, channel: u32, part: Part) {
  let at = 2u * split * uniforms.channels + channel;
  parts[at] = part.dy;
  parts[at + uniforms.channels] = part.product * inverses[channel];
}
