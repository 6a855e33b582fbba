// Copies a box of words: element (i₀, i₁, …) goes from source[offset + Σ iₐ·strideₐ] to the same with the other strides
// of the destination. One lane moves one T: a word, or four where the innermost axis allows it (strides are then in
// vectors). RANK axes, innermost first. No two elements share a destination.

#import lanes

struct Uniforms {
  count: u32,
  source_offset: i32,
  target_offset: i32,
  lengths: array<vec4u, 2>,
  source_strides: array<vec4i, 2>,
  target_strides: array<vec4i, 2>,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> source: array<T>;
@group(0) @binding(2) var<storage, read_write> destination: array<T>;

fn run(i: u32) {
  var rest = i;
  var from_ix = uniforms.source_offset;
  var to_ix = uniforms.target_offset;
  for (var axis = 0u; axis + 1u < RANK; axis++) {
    let length = uniforms.lengths[axis >> 2u][axis & 3u];
    let position = i32(rest % length);
    rest /= length;
    from_ix += position * uniforms.source_strides[axis >> 2u][axis & 3u];
    to_ix += position * uniforms.target_strides[axis >> 2u][axis & 3u];
  }
  const last = RANK - 1u;
  from_ix += i32(rest) * uniforms.source_strides[last >> 2u][last & 3u];
  to_ix += i32(rest) * uniforms.target_strides[last >> 2u][last & 3u];
  destination[to_ix] = source[from_ix];
}
