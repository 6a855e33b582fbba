import { formatValue, must } from "../error.js";
import { sizeOf } from "../shape.js";
import { noGrad, record } from "../tape.js";
import type { Axes, Tensor } from "../tensor.js";
import { requireChoice, requireOptions, requireTensor } from "./arguments.js";
import { mul, sub } from "./binary.js";
import { mapElements } from "./map.js";
import { max, mean, requireSome, resolveReduction, sum } from "./reduce.js";
import { reshape } from "./shape.js";
import { abs, square } from "./unary.js";

/**
 * Variance over `axis` (a number, several, or all): Σ (x − mean)² / (n − correction); f32.
 *
 * @param keepDims keeps the axes with length 1
 * @param options.correction 0 (by default) for the variance of the numbers themselves, 1 for an unbiased estimate of
 * the one that they were drawn with; below n
 * @throws ImleError `shape` where there are too few numbers, `value` where the correction is none
 */
export function variance(x: Tensor, axis?: Axes, keepDims = false, options: { correction?: number } = {}): Tensor {
  requireTensor("variance", "x", x, ["f32"]);
  const { axes, shape } = resolveReduction("variance", x, axis, keepDims);
  requireOptions("variance", options, ["correction"]);
  const { correction = 0 } = options;
  requireSome("variance", x, axes);
  const count = sizeOf(axes.map((one) => x.shape[one]!));
  must(
    Number.isInteger(correction) && correction >= 0 && correction < count,
    "value",
    () =>
      `variance: correction must be a whole number from 0, below the ${count} numbers, got ${formatValue(correction)}`,
    "Use 0 or 1.",
  );
  return x.engine.scope(() => {
    const deviations = square(sub(x, mean(x, axes, true)));
    const scale = count / (count - correction);
    const result = mean(deviations, axes, keepDims);
    return reshape(scale === 1 ? result : mul(result, scale), shape);
  });
}

/**
 * log Σ exp(x) over `axis` (a number, several, or all), without overflow; f32.
 *
 * @param keepDims keeps the axes with length 1
 * @throws ImleError `shape` where there is nothing to sum
 */
export function logSumExp(x: Tensor, axis?: Axes, keepDims = false): Tensor {
  requireTensor("logSumExp", "x", x, ["f32"]);
  const { axes, shape } = resolveReduction("logSumExp", x, axis, keepDims);
  requireSome("logSumExp", x, axes);
  const { engine } = x;
  const map = (label: string, expression: string, operands: Record<string, Tensor>, of: Tensor): Tensor =>
    mapElements(engine, { label, expression, dtype: "f32", operands, shape: of.shape });
  const { kept, y } = engine.scope(() =>
    noGrad(() => {
      const maximum = max(x, axes, true);
      const total = sum(map("shifted exponential", "exp(x - maximum)", { x, maximum }, x), axes, true);
      const result = map("logSumExp", "maximum + log(total)", { maximum, total }, total);
      return { kept: result, y: result.alias(shape) };
    }),
  );
  record({
    label: "logSumExp",
    inputs: [x],
    outputs: [y],
    saved: [x, kept],
    backward: ([dy]) => [map("logSumExp gradient", "dy * exp(x - y)", { dy: dy!.alias(kept.shape), x, y: kept }, x)],
  });
  kept.dispose();
  return y;
}

/**
 * The length of vectors: of all elements, or of those along `axis`; f32. The sum of squares must stay within f32, so
 * that lengths from 1e-18 to 1e18 are safe. The gradient of length 0 is 0.
 *
 * @param keepDims keeps the axes with length 1
 * @param options.order 2 (by default) for √Σx², 1 for Σ|x|, Infinity for max |x|
 * @throws ImleError `value` for another order; `shape` for the maximum of nothing
 */
export function norm(x: Tensor, axis?: Axes, keepDims = false, options: { order?: number } = {}): Tensor {
  requireTensor("norm", "x", x, ["f32"]);
  const { axes, shape } = resolveReduction("norm", x, axis, keepDims);
  requireOptions("norm", options, ["order"]);
  const { order = 2 } = options;
  requireChoice("norm", "order", order, [1, 2, Infinity]);
  const { engine } = x;
  if (order === Infinity) requireSome("norm", x, axes);
  if (order !== 2) return engine.scope(() => (order === 1 ? sum : max)(abs(x), axes, keepDims));
  const { kept, y } = engine.scope(() =>
    noGrad(() => {
      const total = sum(square(x), axes, true);
      const root = { label: "norm", expression: "sqrt(total)", dtype: "f32", operands: { total } } as const;
      const result = mapElements(engine, { ...root, shape: total.shape });
      return { kept: result, y: result.alias(shape) };
    }),
  );
  record({
    label: "norm",
    inputs: [x],
    outputs: [y],
    saved: [x, kept],
    backward: ([dy]) => [
      mapElements(engine, {
        label: "norm gradient",
        expression: "select(F(0), dy * x / y, y > F(0))",
        dtype: "f32",
        operands: { dy: dy!.alias(kept.shape), x, y: kept },
        shape: x.shape,
      }),
    ],
  });
  kept.dispose();
  return y;
}
