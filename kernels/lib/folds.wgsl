// Sums and maxima over the lanes of a workgroup, of V, which is f32 or a vector of it. All lanes call them together, and
// all get the result. Between the barriers sh_values[0 .. half) holds what is still to be combined; behind the last one
// it may be filled again.

var<workgroup> sh_values: array<V, LANES>;

fn sum_over_lanes(lane: u32, own: V) -> V {
  sh_values[lane] = own;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      sh_values[lane] += sh_values[lane + half];
    }
  }
  workgroupBarrier();
  let sum = sh_values[0];
  workgroupBarrier();
  return sum;
}

fn maximum_over_lanes(lane: u32, own: V) -> V {
  sh_values[lane] = own;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      sh_values[lane] = max(sh_values[lane], sh_values[lane + half]);
    }
  }
  workgroupBarrier();
  let maximum = sh_values[0];
  workgroupBarrier();
  return maximum;
}
