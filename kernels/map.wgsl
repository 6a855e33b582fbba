// result[i] = apply(i), for everything elementwise: TURNS times one R a lane, a scalar or four neighbours. SIDE
// neighbouring lanes share a stretch of SIDE·TURNS elements and take them in turn.
// engine/ops/map.ts composes the operands' bindings, the Uniforms and `apply` in front of it.

#import lanes

@group(0) @binding(1) var<storage, read_write> result: array<R>;

fn run(lane_ix: u32) {
  let first = lane_ix / SIDE * SIDE * TURNS + lane_ix % SIDE;
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = first + turn * SIDE;
    if (i < uniforms.results) {
      result[i] = apply(i);
    }
  }
}
