/** Closest points in float64, by definitions that have nothing of the kernels. */

import { dot } from "./enumeration.js";
import { total } from "./twins.js";

/** argmin ½‖x − v‖² over 0 ≤ x ≤ 1, Σ x = k: x = clip(v − μ), μ by bisection. */
export function cappedSimplex(v: readonly number[], k: number): number[] {
  let [low, high] = [Math.min(...v) - 1, Math.max(...v)];
  const at = (mu: number): number[] => v.map((x) => Math.min(Math.max(x - mu, 0), 1));
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (total(at(middle)) > k) low = middle;
    else high = middle;
  }
  return at(low);
}

/** x of A x = b, by elimination with pivots; null where A is singular. */
function solveEquations(a: readonly (readonly number[])[], b: readonly number[]): number[] | null {
  const rows = a.map((row, i) => [...row, b[i]!]);
  for (let i = 0; i < rows.length; i++) {
    const pivot = rows.slice(i).reduce((best, row, j) => (Math.abs(row[i]!) > Math.abs(rows[best]![i]!) ? i + j : best), i);
    [rows[i], rows[pivot]] = [rows[pivot]!, rows[i]!];
    if (Math.abs(rows[i]![i]!) < 1e-10) return null;
    for (const [j, row] of rows.entries()) {
      if (j === i) continue;
      const factor = row[i]! / rows[i]![i]!;
      for (let c = i; c < row.length; c++) row[c]! -= factor * rows[i]![c]!;
    }
  }
  return rows.map((row, i) => row[rows.length]! / row[i]!);
}

/**
 * The point nearest to `target` among the mixtures of the generators with coefficients from 0 (of a hull: whose sum is
 * 1): the nearest one of all those by a subset of them, without the bounds, that keeps to the bounds.
 */
export function nearestMixture(
  generators: readonly (readonly number[])[],
  target: readonly number[],
  over: "hull" | "cone",
): number[] {
  let best = over === "cone" ? target.map(() => 0) : [];
  let nearest = over === "cone" ? dot(target, target) : Infinity;
  for (let bits = 1; bits < 2 ** generators.length; bits++) {
    const chosen = generators.filter((_, i) => Math.floor(bits / 2 ** i) % 2 === 1);
    const m = chosen.length;
    // Of a hull with a multiplier for the sum.
    const gram = chosen.map((g) => [...chosen.map((other) => dot(g, other)), ...(over === "hull" ? [1] : [])]);
    const right = chosen.map((g) => dot(g, target));
    const found =
      over === "hull"
        ? solveEquations([...gram, [...chosen.map(() => 1), 0]], [...right, 1])
        : solveEquations(gram, right);
    if (!found || found.slice(0, m).some((x) => x < -1e-12)) continue;
    const point = target.map((_, i) => total(chosen.map((g, j) => g[i]! * found[j]!)));
    const distance = total(point.map((x, i) => (x - target[i]!) ** 2));
    if (distance < nearest) [best, nearest] = [point, distance];
  }
  return best;
}
