// Every word becomes `value`, the bits of a number of any dtype: four words a lane.

#import lanes

struct Uniforms {
  count: u32,
  value: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> result: array<vec4u>;

fn run(i: u32) {
  result[i] = vec4u(uniforms.value);
}
