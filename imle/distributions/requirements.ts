import { formatShape, must } from "../../engine/error.js";
import { requireOptions, requireTensor } from "../../engine/ops/arguments.js";
import { sameShape } from "../../engine/shape.js";
import type { Tensor } from "../../engine/tensor.js";
import { requirePlace } from "../noise/place.js";
import { requireCount } from "../perturb-options.js";
import type { SampleOptions } from "./distribution.js";

/** @throws ImleError `value` where an option is unknown or out of its range */
export function requireSampling(operation: string, options: SampleOptions): void {
  requireOptions(operation, options, ["samples", "place"]);
  const { samples = 1, place } = options;
  if (place !== undefined) requirePlace(operation, place);
  requireCount(operation, "samples", samples);
}

/** @throws ImleError `dtype` or `shape` unless they are f32 [...batch, S, ...instance] for these weights */
export function requireStates(operation: string, theta: Tensor, states: Tensor, instanceAxes: number): void {
  requireTensor(operation, "the states", states, ["f32"]);
  theta.engine.check(operation, [states]);
  const sampleAxis = theta.shape.length - instanceAxes;
  must(
    sameShape(states.shape.toSpliced(sampleAxis, 1), theta.shape) && states.shape.length === theta.shape.length + 1,
    "shape",
    () =>
      `${operation}: states must be the weights' ${formatShape(theta.shape)} with an axis of samples ` +
      `at place ${sampleAxis}, got ${formatShape(states.shape)}`,
    "Pass what sample returns.",
  );
}
