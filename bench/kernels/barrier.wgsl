// The ceiling of a barrier: lanes of a workgroup pass a number round, each reading what its neighbour wrote.
// One barrier a round beside one store and one load of workgroup memory.

struct Uniforms {
  rounds: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> result: array<u32>;

var<workgroup> sh_number: array<u32, 128>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  var number = lane;
  for (var round = 0u; round < uniforms.rounds; round++) {
    let half = 64u * (round & 1u);
    sh_number[half + lane] = number;
    workgroupBarrier();
    number = sh_number[half + ((lane + 1u) & 63u)];
  }
  result[64u * workgroup.x + lane] = number;
}
