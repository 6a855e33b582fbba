// dx of a batch normalisation with the batch's own statistics (Ioffe, Szegedy 2015, section 3, put together):
// dx = (dy − (Σ dy + x̂·Σ dy·x̂)/n)·inverse·weight with x̂ = (x − mean)·inverse. One lane a T.

#import lanes

struct Uniforms {
  count: u32,
  channels: u32,
  inner: u32,
  share: f32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read> means: array<W>;
@group(0) @binding(4) var<storage, read> inverses: array<W>;
@group(0) @binding(5) var<storage, read> sums: array<W>;
@group(0) @binding(6) var<storage, read> products: array<W>;
@group(0) @binding(7) var<storage, read_write> dx: array<T>;

fn run(i: u32) {
  let channel = (i / uniforms.inner) % uniforms.channels;
  let inverse = inverses[channel];
  let centred = x[i] - T(means[channel]);
  let explained = T(sums[channel]) + centred * T(inverse * products[channel]);
  dx[i] = (dy[i] - explained * uniforms.share) * T(inverse * weight_at(channel));
}
