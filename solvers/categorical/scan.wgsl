// The largest of the weights in blocks first, first + step, …, the lowest index of equals: four running maxima and the
// blocks they come from, merged at the end. index is size() or more where there is none.

struct Largest { value: f32, index: u32 }

fn larger(a: Largest, b: Largest) -> Largest {
  let before = (b.value > a.value) | ((b.value == a.value) & (b.index < a.index));
  let passes = (b.index < size()) & ((a.index >= size()) | before);
  return Largest(select(a.value, b.value, passes), select(a.index, b.index, passes));
}

fn scan_weights(first: u32, step: u32) -> Largest {
  let lane = vec4u(0u, 1u, 2u, 3u);
  var best = weight4(first);
  var block = vec4u(first);
  for (var q = first + step; q < (size() + 3u) / 4u; q += step) {
    let here = weight4(q);
    let passes = (here > best) & (vec4u(4u * q) + lane < vec4u(size()));
    best = select(best, here, passes);
    block = select(block, vec4u(q), passes);
  }
  let index = 4u * block + lane;
  let even = larger(Largest(best.x, index.x), Largest(best.y, index.y));
  return larger(even, larger(Largest(best.z, index.z), Largest(best.w, index.w)));
}
