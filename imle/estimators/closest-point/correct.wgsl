// Takes a new state into the mixture where it brings the point nearer, then moves to the closest point of the states
// that are kept: by a step towards that of their affine hull (of their span), to where a coefficient comes to 0, whose
// state goes, and again. The coefficients stay from 0 throughout, so that it may end after any pass.
// Wolfe, "Finding the nearest point in a polytope", 1976; of a cone: Lawson, Hanson, "Solving least squares problems",
// 1974, chapter 23. A step of length s leaves 1 − s of the inner products with what is left, but for a constant.
//
// What is kept of the states that a point is a mixture of: the inverse M of their Gram matrix, by rows, and vectors
// beside it, in groups of four; one lane an instance. A state has a slot; rows and columns of M of free slots are 0, and
// so is what is made by M. Bordered for a state that comes, and reduced by one that goes, M needs O(slots²) for either.
//
// `work` is [vector, group, instance]: 4·groups rows of M, then the vectors below, then one vec4 that says which slot the
// last state has taken, 4·groups for none.
#import grid

struct Uniforms {
  instances: u32,
  groups: u32,
  used: u32,
  hull: u32,
  first: u32,
  passes: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> work: array<vec4f>;
@group(0) @binding(2) var<storage, read> products: array<vec4f>;

// A state this near to the span of the others, in shares of its square, is in it.
const DEPENDENT = 1e-4;
// What is left has nothing in common with a state but rounding, in shares of both lengths.
const ROUNDING = 1e-7;

// A coefficient up to this is 0.
const NOTHING = 1e-7;

var<private> at_instance: u32;

fn place(vector: u32, q: u32) -> u32 {
  return (vector * uniforms.groups + q) * uniforms.instances + at_instance;
}

// The coefficients, 0 of free slots.
fn coefficients() -> u32 { return 4u * uniforms.groups; }
fn rest() -> u32 { return 4u * uniforms.groups + 1u; }
fn change() -> u32 { return 4u * uniforms.groups + 2u; }
fn share() -> u32 { return 4u * uniforms.groups + 3u; }

// change = M·rest and share = M·1. Returns ν for which change + ν·share has the sum 0, as a hull asks; for a cone, 0.
fn solve_for_change() -> f32 {
  var sums = vec2f();
  for (var p = 0u; p < uniforms.used; p++) {
    var a = vec4f();
    var b = vec4f();
    for (var q = 0u; q < uniforms.used; q++) {
      // Rows for columns: M is symmetric.
      let part = mat4x4f(
        work[place(4u * q, p)],
        work[place(4u * q + 1u, p)],
        work[place(4u * q + 2u, p)],
        work[place(4u * q + 3u, p)],
      );
      a += part * work[place(rest(), q)];
      b += part * vec4f(1.0);
    }
    work[place(change(), p)] = a;
    work[place(share(), p)] = b;
    sums += vec2f(dot(a, vec4f(1.0)), dot(b, vec4f(1.0)));
  }
  return select(0.0, -sums.x / max(sums.y, 1e-30), uniforms.hull == 1u);
}

fn numbers(q: u32) -> vec4u {
  return 4u * q + vec4u(0u, 1u, 2u, 3u);
}

fn update_row(row: u32, q: u32, factor: f32, others: vec4f, cleared: u32) {
  let to = place(row, q);
  let kept = (numbers(q) != vec4u(cleared)) & vec4<bool>(row != cleared);
  work[to] = select(vec4f(), work[to] + factor * others, kept);
}

// M += scale·v·vᵀ, v in `change`; a slot that is cleared becomes free.
fn update(scale: f32, cleared: u32) {
  for (var p = 0u; p < uniforms.used; p++) {
    let own = scale * work[place(change(), p)];
    for (var q = 0u; q < uniforms.used; q++) {
      let others = work[place(change(), q)];
      update_row(4u * p, q, own.x, others, cleared);
      update_row(4u * p + 1u, q, own.y, others, cleared);
      update_row(4u * p + 2u, q, own.z, others, cleared);
      update_row(4u * p + 3u, q, own.w, others, cleared);
    }
  }
}

// Takes a new state where it brings the point nearer. `rest` has then the products of all with what is left, and the
// vector after `share` says which slot it has got, 4·groups for none.
fn take_state() {
  let none = 4u * uniforms.groups;
  let hull = f32(uniforms.hull);
  var slot = none;
  var present = 0.0;
  for (var q = 0u; q < uniforms.used; q++) {
    let diagonal = vec4f(
      work[place(4u * q, q)].x,
      work[place(4u * q + 1u, q)].y,
      work[place(4u * q + 2u, q)].z,
      work[place(4u * q + 3u, q)].w,
    );
    let free = select(vec4u(none), numbers(q), diagonal == vec4f());
    slot = min(slot, min(min(free.x, free.y), min(free.z, free.w)));
    let at = 2u * q * uniforms.instances + at_instance;
    work[place(rest(), q)] = products[at] + hull;
    present += dot(work[place(coefficients(), q)], products[at + uniforms.instances]);
  }
  _ = solve_for_change();
  var reach = 0.0;
  for (var q = 0u; q < uniforms.used; q++) {
    reach += dot(work[place(rest(), q)], work[place(change(), q)]);
  }
  let at = 2u * uniforms.used * uniforms.instances + at_instance;
  let own = products[at].x + hull;
  let left = products[at + uniforms.instances];
  let gain = left.x - hull * present;
  let pivot = own - reach;
  let isNearer = (gain > ROUNDING * sqrt(left.y * own)) | (uniforms.first == 1u);
  let taken = (slot < none) & isNearer & (pivot > DEPENDENT * own);
  slot = select(none, slot, taken);
  for (var q = 0u; q < uniforms.used; q++) {
    let isSlot = numbers(q) == vec4u(slot);
    let place_of = place(change(), q);
    work[place_of] = select(work[place_of], vec4f(-1.0), isSlot);
    work[place(rest(), q)] = select(
      products[(2u * q + 1u) * uniforms.instances + at_instance],
      vec4f(left.x),
      isSlot,
    );
    // A hull's first state is the point.
    let whole = select(vec4f(), vec4f(hull), isSlot & vec4<bool>(uniforms.first == 1u));
    work[place(coefficients(), q)] += whole;
  }
  if (taken) {
    update(1.0 / pivot, none);
  }
  work[place(share() + 1u, 0u)] = vec4f(f32(slot));
}

fn drop_state(slot: u32) {
  for (var q = 0u; q < uniforms.used; q++) {
    work[place(change(), q)] = work[place(slot, q)];
  }
  update(-1.0 / max(work[place(slot, slot / 4u)][slot % 4u], 1e-30), slot);
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  at_instance = linear_invocation(workgroup, workgroups, lane, LANES);
  if (at_instance >= uniforms.instances) {
    return;
  }
  let none = 4u * uniforms.groups;
  take_state();
  for (var pass_number = 0u; pass_number < uniforms.passes; pass_number++) {
    let shift = solve_for_change();
    var length = 1.0;
    var blocked = none;
    for (var q = 0u; q < uniforms.used; q++) {
      let step = work[place(change(), q)] + shift * work[place(share(), q)];
      let from_here = work[place(coefficients(), q)];
      work[place(change(), q)] = step;
      let blocks = (step < vec4f()) & (from_here + step <= vec4f(NOTHING));
      let lengths = select(vec4f(2.0), min(from_here / max(-step, vec4f(1e-30)), vec4f(1.0)), blocks);
      let nearest = min(min(lengths.x, lengths.y), min(lengths.z, lengths.w));
      let found = select(vec4u(none), numbers(q), lengths == vec4f(nearest));
      let isNearer = nearest <= length;
      blocked = select(blocked, min(min(found.x, found.y), min(found.z, found.w)), isNearer);
      length = select(length, nearest, isNearer);
    }
    for (var q = 0u; q < uniforms.used; q++) {
      let moved = work[place(coefficients(), q)] + length * work[place(change(), q)];
      work[place(coefficients(), q)] = select(max(moved, vec4f()), vec4f(), numbers(q) == vec4u(blocked));
      work[place(rest(), q)] *= 1.0 - length;
    }
    if (blocked == none) {
      break;
    }
    drop_state(blocked);
  }
}
