// Everything elementwise: a lane computes the TURNS neighbours of a block, each an R, which is one element or four.
// engine/ops/map.ts composes the operands' bindings, the Uniforms, `apply` and its unrolled turns in `run` in front of
// it. The last block may reach beyond the result: buffers hold whole blocks.

#import lanes

@group(0) @binding(1) var<storage, read_write> result: array<array<R, TURNS>>;
