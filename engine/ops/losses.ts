import { formatShape, must } from "../error.js";
import { record } from "../tape.js";
import type { Tensor } from "../tensor.js";
import { requireNumber, requireOptions, requireSameShape, requireTensor } from "./arguments.js";
import { checkReduction, type LossOptions, reduceLosses, requireSomeLoss } from "./loss-reduction.js";
import { mapElements } from "./map.js";
import { mean, sum } from "./reduce.js";

/** One elementwise loss of a prediction `a` and a target `b`: WGSL as in map.ts, with the slopes for both. */
interface ElementLoss {
  readonly value: string;
  readonly gradients: readonly [a: string, b: string];
}

const elementLosses = {
  squaredError: { value: "(a - b) * (a - b)", gradients: ["F(2) * (a - b)", "F(2) * (b - a)"] },
  absoluteError: { value: "abs(a - b)", gradients: ["sign(a - b)", "sign(b - a)"] },
  huberLoss: {
    value: "select(delta * (abs(a - b) - F(0.5) * delta), F(0.5) * (a - b) * (a - b), abs(a - b) <= delta)",
    gradients: ["clamp(a - b, -delta, delta)", "clamp(b - a, -delta, delta)"],
  },
  hammingLoss: { value: "a * (F(1) - b) + (F(1) - a) * b", gradients: ["F(1) - F(2) * b", "F(1) - F(2) * a"] },
  klDivergence: {
    value: "select(F(0), b * (log(max(b, F(1e-38))) - a), b > F(0))",
    gradients: ["-b", "select(F(0), log(max(b, F(1e-38))) - a + F(1), b > F(0))"],
  },
  binaryCrossEntropy: {
    value: "-(b * log_of_part(a, F(1) - a) + (F(1) - b) * log_of_part(F(1) - a, a))",
    gradients: ["(a - b) / max(a * (F(1) - a), F(1e-12))", "log_of_part(F(1) - a, a) - log_of_part(a, F(1) - a)"],
  },
  binaryCrossEntropyWithLogits: {
    value: "max(a, F(0)) - a * b + log1p(exp(-abs(a)))",
    gradients: ["sigmoid(a) - b", "-a"],
  },
} as const satisfies Record<string, ElementLoss>;

/** (prediction − target)²: by default the mean squared error. Both f32 of one shape. */
export function squaredError(prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  return elementLoss("squaredError", prediction, target, options);
}

/** |prediction − target|, by default their mean (L1). Both f32 of one shape; the slope where they are equal is 0. */
export function absoluteError(prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  return elementLoss("absoluteError", prediction, target, options);
}

/**
 * ½(prediction − target)² up to a distance of δ and δ·(|prediction − target| − ½δ) beyond (Huber 1964), by default
 * the mean. Both f32 of one shape.
 *
 * @param options.delta δ above 0; 1 by default
 */
export function huberLoss(
  prediction: Tensor,
  target: Tensor,
  options: LossOptions & { readonly delta?: number } = {},
): Tensor {
  requireOptions("huberLoss", options, ["reduction", "delta"]);
  const { delta = 1, ...rest } = options;
  requireNumber("huberLoss", "delta", delta);
  must(
    delta > 0,
    "value",
    () => `huberLoss: delta must be above 0, got ${delta}`,
    "Pass the distance from which the loss grows in proportion.",
  );
  return elementLoss("huberLoss", prediction, target, rest, { delta });
}

/**
 * z·(1 − z*) + (1 − z)·z*, by default the mean: the share of places where two masks differ, continued to fractions
 * such as marginals. Both f32 of one shape.
 */
export function hammingLoss(prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  return elementLoss("hammingLoss", prediction, target, options);
}

/**
 * The Kullback–Leibler divergence KL(q ‖ p) = Σ q·(ln q − ln p) of each row, by default the mean of the rows; where q is
 * 0 it adds nothing. Both f32 of one shape.
 *
 * @param logProbabilities ln p, `[...rows, classes]`, such as `logSoftmax` gives
 * @param target q, of the same shape, from 0
 */
export function klDivergence(logProbabilities: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  const reduction = checkReduction("klDivergence", options);
  requireTensor("klDivergence", "the prediction", logProbabilities, ["f32"]);
  const { engine, shape } = logProbabilities;
  must(
    shape.length > 0,
    "shape",
    () => `klDivergence: the last axis must be that of the classes, got shape ${formatShape(shape)}`,
    "Pass rows of probabilities, [...rows, classes].",
  );
  if (reduction === "mean") requireSomeLoss("klDivergence", logProbabilities, reduction);
  return engine.scope(() => {
    const rows = sum(elementLoss("klDivergence", logProbabilities, target, { reduction: "none" }), -1);
    if (reduction === "none") return rows;
    return reduction === "mean" ? mean(rows) : sum(rows);
  });
}

/**
 * −(t·ln p + (1 − t)·ln(1 − p)), by default their mean. Both f32 of one shape; p and t lie in [0, 1].
 * ln 0 is held at −87.3. Where p comes from a sigmoid, {@link binaryCrossEntropyWithLogits} is more accurate.
 */
export function binaryCrossEntropy(probabilities: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  return elementLoss("binaryCrossEntropy", probabilities, target, options);
}

/** Binary cross-entropy of sigmoid(logits), without overflow, by default the mean. Both f32 of one shape. */
export function binaryCrossEntropyWithLogits(logits: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  return elementLoss("binaryCrossEntropyWithLogits", logits, target, options);
}

function elementLoss(
  name: keyof typeof elementLosses,
  a: Tensor,
  b: Tensor,
  options: LossOptions,
  parameters: Readonly<Record<string, number>> = {},
): Tensor {
  const reduction = checkReduction(name, options);
  requireTensor(name, "the prediction", a, ["f32"]);
  requireTensor(name, "the target", b, ["f32"]);
  a.engine.check(name, [b]);
  requireSameShape(name, "prediction and target", a, b);
  requireSomeLoss(name, a, reduction);
  const { engine, shape } = a;
  const { value, gradients } = elementLosses[name];
  const operands = { a, b, ...parameters };
  const losses = mapElements(engine, { label: name, expression: value, dtype: "f32", operands, shape });
  const { loss, scale } = reduceLosses(name, losses, reduction);
  record({
    label: name,
    inputs: [a, b],
    outputs: [loss],
    saved: [a, b],
    backward: ([dy]) =>
      [a, b].map((input, index) =>
        input.requiresGrad
          ? mapElements(engine, {
              label: `${name} gradient ${index}`,
              expression: `dy * scale * (${gradients[index]!})`,
              dtype: "f32",
              operands: { ...operands, dy: dy!, scale },
              shape,
            })
          : null,
      ),
  });
  return loss;
}
