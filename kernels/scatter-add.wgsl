// dx[outer, a, inner] = Σ dy[outer, position, inner] over the positions whose index is a, in ascending order.
// One lane owns the elements a in [begin, end) of one (outer, inner): nothing is added by two lanes, and the same input
// gives the same bits, however many ranges the axis is cut into. Positions are walked over a stretch at a time, a
// dispatch each. Indices out of range match no lane; `report` (a piece) tells of them, or not.

#import lanes

struct Uniforms {
  count: u32,
  positions: u32,
  inner: u32,
  length: u32,
  ranges: u32,
  first_position: u32,
  end_position: u32,
  status_word: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read> indices: array<u32>;
@group(0) @binding(3) var<storage, read_write> dx: array<T>;

fn run(i: u32) {
  let row = i / uniforms.inner;
  let inner = i % uniforms.inner;
  let outer = row / uniforms.ranges;
  let width = (uniforms.length + uniforms.ranges - 1u) / uniforms.ranges;
  let begin = min((row % uniforms.ranges) * width, uniforms.length);
  let end = min(begin + width, uniforms.length);
  for (var a = begin; a < select(begin, end, uniforms.first_position == 0u); a++) {
    dx[(outer * uniforms.length + a) * uniforms.inner + inner] = T();
  }
  for (var position = uniforms.first_position; position < uniforms.end_position; position++) {
    let place = index_place(outer, position, inner, uniforms.positions, uniforms.inner);
    let index = indices[place];
    if (i == 0u && index >= uniforms.length) {
      report(place);
    }
    if (index >= begin && index < end) {
      dx[(outer * uniforms.length + index) * uniforms.inner + inner] +=
        dy[(outer * uniforms.positions + position) * uniforms.inner + inner];
    }
  }
}
