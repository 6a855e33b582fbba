import { sizeOf } from "../shape.js";
import { noGrad } from "../tape.js";
import type { Axes, Tensor } from "../tensor.js";
import { requireTensor } from "./arguments.js";
import { equal, greater } from "./binary.js";
import { mapElements } from "./map.js";
import { resolveReduction, sum } from "./reduce.js";

const isNotZero = { f32: "x != F(0)", i32: "x != I(0)", u32: "x != U(0)" } as const;

/**
 * How many elements over `axis` (a number, several, or all) are not 0; any dtype, i32 comes out. No gradient passes.
 *
 * @param keepDims keeps the axes with length 1
 */
export function countNonZero(x: Tensor, axis?: Axes, keepDims = false): Tensor {
  requireTensor("countNonZero", "x", x);
  return count("countNonZero", x, axis, keepDims).found;
}

/** 1 where an element over `axis` is not 0, else 0; f32. Of nothing it is 0. */
export function any(x: Tensor, axis?: Axes, keepDims = false): Tensor {
  requireTensor("any", "x", x);
  return x.engine.scope(() => greater(count("any", x, axis, keepDims).found, 0));
}

/** 1 where no element over `axis` is 0, else 0; f32. Of nothing it is 1. */
export function all(x: Tensor, axis?: Axes, keepDims = false): Tensor {
  requireTensor("all", "x", x);
  return x.engine.scope(() => {
    const { found, of } = count("all", x, axis, keepDims);
    return equal(found, of);
  });
}

function count(name: string, x: Tensor, axis: Axes | undefined, keepDims: boolean): { found: Tensor; of: number } {
  const { axes } = resolveReduction(name, x, axis, keepDims);
  const { engine, shape, dtype } = x;
  const found = engine.scope(() => {
    const mask = mapElements(engine, {
      label: `non-zero ${dtype}`,
      expression: `select(I(0), I(1), ${isNotZero[dtype]})`,
      dtype,
      resultDtype: "i32",
      operands: { x },
      shape,
    });
    return noGrad(() => sum(mask, axes, keepDims));
  });
  return { found, of: sizeOf(axes.map((one) => shape[one]!)) };
}
