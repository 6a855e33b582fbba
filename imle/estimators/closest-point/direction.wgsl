// The last step of Gram and Schmidt's method, and what it leaves of a vector: a new direction d, whose products with
// the orthonormal directions so far are all but 0, is made orthogonal to them a second time and put beside them at unit
// length; `left` loses its part along it; and `weights` are the solver's, moved along what is left of `left`. One lane an
// element. A direction that is all but in the span of the others, or tells nothing of `left`, is left out, as zeros.
#import grid

struct Uniforms {
  instances: u32,
  size: u32,
  used: u32,
  slot: u32,
  nearby: f32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> products: array<vec4f>;
@group(0) @binding(2) var<storage, read> d: array<f32>;
@group(0) @binding(3) var<storage, read> rest: array<f32>;
@group(0) @binding(4) var<storage, read_write> directions: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> left: array<f32>;
@group(0) @binding(6) var<storage, read_write> weights: array<f32>;

// Of squared lengths, in units of states; and of what is left of a unit vector.
const DEPENDENT = 1e-4;
const ROUNDING = 1e-6;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let element = linear_invocation(workgroup, workgroups, lane, 64u);
  if (element >= uniforms.instances * uniforms.size) {
    return;
  }
  let instance = element / uniforms.size;
  let count = uniforms.instances * uniforms.size;
  var own = d[element];
  let with_self = 2u * uniforms.used * uniforms.instances + instance;
  var square = products[with_self].x;
  for (var q = 0u; q < uniforms.used; q++) {
    let part = products[2u * q * uniforms.instances + instance];
    own -= dot(part, directions[q * count + element]);
    square -= dot(part, part);
  }
  // (d·left, left·left)
  let of_left = products[with_self + uniforms.instances];
  let taken = (square > DEPENDENT) & (of_left.x * of_left.x > ROUNDING * ROUNDING * square);
  let scale = select(0.0, inverseSqrt(max(square, 1e-30)), taken);
  let place = (uniforms.slot / 4u) * count + element;
  let isSlot = vec4u(0u, 1u, 2u, 3u) == vec4u(uniforms.slot % 4u);
  directions[place] = select(directions[place], vec4f(scale * own), isSlot);
  let along = scale * of_left.x;
  let remains = left[element] - along * scale * own;
  let length = sqrt(max(of_left.y - along * along, 1e-30));
  left[element] = remains;
  weights[element] = rest[element] + uniforms.nearby * remains / length;
}
