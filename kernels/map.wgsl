// result[i] = apply(i), for everything elementwise: one R a lane, a scalar or four neighbours.
// engine/ops/map.ts composes the operands' bindings, the Uniforms and `apply` in front of it.

#import lanes

@group(0) @binding(1) var<storage, read_write> result: array<R>;

fn run(i: u32) {
  result[i] = apply(i);
}
