import scaleSource from "../../kernels/scale.wgsl";
import squaresSource from "../../kernels/sum-of-squares.wgsl";
import type { Engine } from "../engine.js";
import { formatValue, must } from "../error.js";
import { requireNumber, requireTensor } from "../ops/arguments.js";
import { mapElements } from "../ops/map.js";
import { reduceBlock } from "../ops/reduction.js";
import { noGrad } from "../tape.js";
import type { Tensor } from "../tensor.js";
import { elementPieces, lanes, vectorWidth } from "./optimiser.js";
import { flattenParameters, type ParameterTree } from "./parameters.js";

/** Elements, or vectors of four, that a lane adds up. */
const longestChain = 64;

/**
 * The length of all elements of all tensors together, √Σx²: a scalar on the device, without a gradient. The sum of
 * squares must stay within f32, so that lengths from 1e-18 to 1e18 are safe.
 *
 * @param tensors f32, in a tree or an array; at least one
 */
export function globalNorm(tensors: ParameterTree): Tensor {
  const list = flattenParameters(tensors, "globalNorm").map(([, tensor]) => tensor);
  return normOf("globalNorm", list);
}

/**
 * Scales the gradients of all parameters, in place, so that their global norm is at most `maximum` (Pascanu et al.
 * 2013): by maximum / (norm + 1e-6) where that is below 1. Call it between `backward()` and `step()`; nothing is read back.
 *
 * @param parameters as optimisers take them; those without a gradient count nothing
 * @returns the norm before, a scalar on the device; null where there is no gradient
 * @throws ImleError `value` where the maximum is not above 0
 */
export function clipGradientNorm(parameters: ParameterTree, maximum: number): Tensor | null {
  const found = flattenParameters(parameters, "clipGradientNorm");
  for (const [name, parameter] of found) requireTensor("clipGradientNorm", name || "the parameter", parameter);
  requireNumber("clipGradientNorm", "maximum", maximum);
  must(
    maximum > 0,
    "value",
    () => `clipGradientNorm: maximum must be above 0, got ${formatValue(maximum)}`,
    "Pass the largest norm that is left as it is, such as 1.",
  );
  const gradients = found.flatMap(([, { grad }]) => (grad ? [grad] : []));
  if (gradients.length === 0) return null;
  return gradients[0]!.engine.scope(() => {
    const norm = normOf("clipGradientNorm", gradients);
    const { engine } = norm;
    const factor = mapElements(engine, {
      label: "clipping factor",
      expression: "min(F(1), maximum / (norm + F(1e-6)))",
      dtype: "f32",
      operands: { norm, maximum },
      shape: [],
    });
    for (const gradient of gradients) scale(engine, gradient, factor);
    return norm;
  });
}

function normOf(operation: string, tensors: readonly Tensor[]): Tensor {
  must(
    tensors.length > 0,
    "value",
    () => `${operation}: there must be at least one tensor, got none`,
    "Pass tensors, or an array or object of them.",
  );
  const { engine } = tensors[0]!;
  for (const tensor of tensors) requireTensor(operation, "each tensor", tensor, ["f32"]);
  engine.check(operation, tensors);
  return engine.scope(() =>
    noGrad(() => {
      const plans = tensors.map((tensor) => {
        const x = tensor.slice(operation);
        const width = tensor.size % 4 === 0 ? vectorWidth([x]) : 1;
        const length = tensor.size / width;
        return { x, width, length, count: Math.ceil(length / longestChain) };
      });
      const size = plans.reduce((sum, { count }) => sum + count, 0);
      if (size === 0) return engine.zeros([]);
      const partial = engine.output(operation, [size]);
      let offset = 0;
      for (const { x, width, length, count } of plans) {
        engine.dispatch({
          kernel: engine.kernel(`sum-of-squares:${width}`, () => [
            ...elementPieces(width),
            {
              name: "together",
              text: `fn together(v: T) -> f32 { return ${width === 4 ? "(v.x + v.y) + (v.z + v.w)" : "v"}; }`,
            },
            { name: "kernels/sum-of-squares.wgsl", text: squaresSource },
          ]),
          buffers: { x, partial: partial.slice(operation) },
          uniforms: { count, length, offset },
          workgroups: Math.ceil(count / lanes),
        });
        offset += count;
      }
      const total = reduceBlock(operation, partial, { outer: 1, length: size, inner: 1 }, [], { fold: "sum" });
      const root = { label: "root", expression: "sqrt(total)", dtype: "f32", operands: { total }, shape: [] } as const;
      return mapElements(engine, root);
    }),
  );
}

function scale(engine: Engine, tensor: Tensor, factor: Tensor): void {
  const x = tensor.slice("clipGradientNorm");
  const width = vectorWidth([x]);
  const count = Math.ceil(tensor.size / width);
  engine.dispatch({
    kernel: engine.kernel(`scale:${width}`, () => [
      ...elementPieces(width),
      { name: "kernels/scale.wgsl", text: scaleSource },
    ]),
    buffers: { x, factor: factor.slice("clipGradientNorm") },
    uniforms: { count },
    workgroups: Math.ceil(count / lanes),
  });
}
