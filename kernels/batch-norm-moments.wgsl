// What kernels/channels.wgsl reduces for a batch normalisation: moments of x, less the channel's first element, so that
// means far from 0 lose nothing. A block of numbers is summed and then squared about its own mean, in registers.

@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> parts: array<W>;

alias Item = T;
alias Part = Moments;

fn empty() -> Part {
  return Moments(0.0, W(0), W(0));
}

fn context_of(channel: u32) -> W {
  return first_of(x[channel * uniforms.inner]);
}

fn item(at: u32, image: u32, first: W) -> Item {
  return x[at] - T(first);
}

fn single(a: Item) -> Part {
  let mean = together(a) * (1.0 / f32(WIDTH));
  let d = a - T(mean);
  return Moments(f32(WIDTH), mean, together(d * d));
}

fn block(a: Item, b: Item, c: Item, d: Item) -> Part {
  let mean = together((a + b) + (c + d)) * (0.25 / f32(WIDTH));
  let da = a - T(mean);
  let db = b - T(mean);
  let dc = c - T(mean);
  let dd = d - T(mean);
  return Moments(f32(4u * WIDTH), mean, together((da * da + db * db) + (dc * dc + dd * dd)));
}

fn store(split: u32, channel: u32, part: Part) {
  let at = 3u * split * uniforms.channels + channel;
  parts[at] = W(part.count);
  parts[at + uniforms.channels] = part.mean;
  parts[at + 2u * uniforms.channels] = part.squares;
}
