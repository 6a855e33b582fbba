// result[i] = apply(i), for everything elementwise: a lane computes the TURNS neighbours of a block, each an R, a scalar
// or four elements. engine/ops/map.ts composes the operands' bindings, the Uniforms, `apply` and its unrolled turns in
// `run` in front of it. A block at the end may be wider than the result: buffers hold whole blocks.

#import lanes

@group(0) @binding(1) var<storage, read_write> result: array<array<R, TURNS>>;
