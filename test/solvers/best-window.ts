import { defineSolver, type Solver } from "webgpu-imle";

/**
 * As an outside author would write it: the contiguous window of a given width with the largest sum of weights (or the
 * least, for costs); of equal windows the first. Its states are masks.
 */
export function bestWindow(width: number, sense: "max" | "min" = "max"): Solver {
  return defineSolver({
    name: `bestWindow(${width})`,
    sense,
    parameters: { width: { type: "u32", value: width } },
    cacheWeights: true,
    strategies: {
      lane: [
        {
          wgsl: `
fn better(a: f32, b: f32) -> bool { return ${sense === "max" ? "a > b" : "a < b"}; }

fn solve() {
  let width = parameter_width();
  var best = 0.0;
  var best_start = 0u;
  for (var start = 0u; start + width <= size(); start++) {
    var sum = 0.0;
    for (var i = 0u; i < width; i++) { sum += weight(start + i); }
    if (start == 0u || better(sum, best)) { best = sum; best_start = start; }
  }
  for (var i = 0u; i < width; i++) { emit(best_start + i, 1); }
}`,
        },
      ],
    },
  });
}

/** The twin, rounding as the device does. */
export function bestWindowCpu(weights: ArrayLike<number>, width: number, sense: "max" | "min" = "max"): Int32Array {
  let best = 0;
  let bestStart = -1;
  for (let start = 0; start + width <= weights.length; start++) {
    let sum = 0;
    for (let i = 0; i < width; i++) sum = Math.fround(sum + weights[start + i]!);
    if (bestStart < 0 || (sense === "max" ? sum > best : sum < best)) [best, bestStart] = [sum, start];
  }
  return Int32Array.from({ length: weights.length }, (_, i) => Number(i >= bestStart && i < bestStart + width));
}
