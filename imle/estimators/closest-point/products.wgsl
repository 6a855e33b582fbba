// Inner products of the states that are kept with a new one, and with what is left of the weights; a state is taken
// relative to `base`. One lane a group of four of an instance; the first one also has those of the new state with itself
// and with what is left, and the square of this, as a last group. `products` is [group, of the two, instance].
#import grid

struct Uniforms {
  instances: u32,
  size: u32,
  groups: u32,
  used: u32,
  base_scale: f32,
  left_scale: f32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> state: array<f32>;
@group(0) @binding(2) var<storage, read> base: array<f32>;
@group(0) @binding(3) var<storage, read> left: array<f32>;
@group(0) @binding(4) var<storage, read> states: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> products: array<vec4f>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let job = linear_invocation(workgroup, workgroups, lane, LANES);
  let instance = job / uniforms.used;
  let q = job % uniforms.used;
  if (instance >= uniforms.instances) {
    return;
  }
  let first = instance * uniforms.size;
  let kept = (q * uniforms.instances + instance) * uniforms.size;
  var with_new = vec4f();
  var with_left = vec4f();
  var new_square = 0.0;
  var new_left = 0.0;
  var left_square = 0.0;
  for (var i = 0u; i < uniforms.size; i++) {
    let own = state[first + i] - uniforms.base_scale * base[first + i];
    let left_own = uniforms.left_scale * left[first + i];
    let four = states[kept + i];
    with_new += own * four;
    with_left += left_own * four;
    new_square += own * own;
    new_left += own * left_own;
    left_square += left_own * left_own;
  }
  products[2u * q * uniforms.instances + instance] = with_new;
  products[(2u * q + 1u) * uniforms.instances + instance] = with_left;
  if (q == 0u) {
    let place = 2u * uniforms.used * uniforms.instances + instance;
    products[place] = vec4f(new_square, 0.0, 0.0, 0.0);
    products[place + uniforms.instances] = vec4f(new_left, left_square, 0.0, 0.0);
  }
}
