// Philox words themselves: element 4b + j is word j of the block of (counter.x + b, counter.yzw) under the key.
// One invocation writes one block.
#import grid
#import philox

struct Uniforms {
  counter: vec4u,
  key: vec4u,
  count: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = linear_invocation(workgroup, workgroups, lane, 64u);
  let words = philox4(uniforms.counter + vec4u(block, 0u, 0u, 0u), uniforms.key.xy);
  for (var j = 0u; j < 4u; j++) {
    if (4u * block + j < uniforms.count) {
      y[4u * block + j] = words[j];
    }
  }
}
