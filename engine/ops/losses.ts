import lanesSource from "../../kernels/cross-entropy-lanes.wgsl";
import workgroupSource from "../../kernels/cross-entropy-workgroup.wgsl";
import shared from "../../kernels/lib/cross-entropy.wgsl";
import { constants } from "../compose.js";
import { formatShape, ImleError, must } from "../error.js";
import { sameShape } from "../shape.js";
import { isRecorded, record } from "../tape.js";
import type { Tensor } from "../tensor.js";
import { requireChoice, requireOptions, requireSameShape, requireTensor } from "./arguments.js";
import { fill } from "./create.js";
import { mapElements } from "./map.js";
import { reduceBlock } from "./reduction.js";
import { planRows, rowTypes } from "./rows.js";

/** How the losses of the elements, or rows, become one: their mean, their sum, or not at all. */
export type Reduction = "mean" | "sum" | "none";

export interface LossOptions {
  /** "mean" by default. */
  readonly reduction?: Reduction;
}

/** One elementwise loss of a prediction `a` and a target `b`: WGSL as in map.ts, with the slopes for both. */
interface ElementLoss {
  readonly value: string;
  readonly gradients: readonly [a: string, b: string];
}

const elementLosses = {
  squaredError: { value: "(a - b) * (a - b)", gradients: ["F(2) * (a - b)", "F(2) * (b - a)"] },
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

/**
 * −log softmax(logits)[class] of each row, by default their mean.
 *
 * @param logits f32, `[...rows, classes]`
 * @param classes i32, `[...rows]`, each from 0 to classes − 1; another one makes the next read reject
 */
export function crossEntropy(logits: Tensor, classes: Tensor, options: LossOptions = {}): Tensor {
  const name = "crossEntropy";
  const reduction = checkReduction(name, options);
  requireTensor(name, "logits", logits, ["f32"]);
  requireTensor(name, "classes", classes, ["i32"]);
  logits.engine.check(name, [classes]);
  const rowShape = logits.shape.slice(0, -1);
  must(
    logits.shape.length > 0 && sameShape(classes.shape, rowShape) && logits.shape.at(-1)! > 0,
    "shape",
    () =>
      `${name}: logits [...rows, classes] and classes [...rows] must fit, got ` +
      `${formatShape(logits.shape)} and ${formatShape(classes.shape)}`,
    "Give one class a row; classes are numbers, not one-hot rows.",
  );
  requireSome(name, classes, reduction);
  const { engine, shape } = logits;
  const { losses, logSums } = rowLosses(logits, classes, shape.at(-1)!);
  const { loss, scale } = reduceLosses(name, losses, reduction);
  if (!isRecorded([logits])) {
    logSums.dispose();
    return loss;
  }
  record({
    label: name,
    inputs: [logits],
    outputs: [loss],
    saved: [logits, classes, logSums],
    backward: ([dy]) => {
      const column = [...rowShape, 1];
      return [
        mapElements(engine, {
          label: `${name} gradient`,
          expression: "(exp(x - log_sum) - select(F(0), F(1), element % U(columns) == U(chosen))) * dy * scale",
          dtype: "f32",
          operands: {
            x: logits,
            log_sum: logSums.alias(column),
            chosen: classes.alias(column),
            dy: reduction === "none" ? dy!.alias(column) : dy!,
            columns: { value: shape.at(-1)!, dtype: "u32" },
            scale,
          },
          shape,
        }),
      ];
    },
  });
  logSums.dispose();
  return loss;
}

/** Each row's loss, and its log Σ exp for the way back. */
function rowLosses(logits: Tensor, classes: Tensor, columns: number): { losses: Tensor; logSums: Tensor } {
  const name = "crossEntropy";
  const { engine } = logits;
  const losses = engine.output(name, classes.shape);
  const logSums = engine.output(name, classes.shape);
  const planned = planRows([logits], classes.size, columns, 1);
  const { grouping } = planned;
  const strategy = planned.strategy === "split" ? "workgroup" : planned.strategy;
  const lanes = planned.lanes || 256;
  const isVector = grouping !== "scalars";
  engine.dispatch({
    kernel: engine.kernel(`${name}:${strategy}:${grouping}:${lanes}`, () => [
      constants({ LANES: lanes }),
      rowTypes(grouping),
      {
        name: "one logit",
        text: `fn logit(at: u32) -> f32 { return ${isVector ? "logits[at >> 2u][at & 3u]" : "logits[at]"}; }`,
      },
      { name: "kernels/lib/cross-entropy.wgsl", text: shared },
      strategy === "lanes"
        ? { name: "kernels/cross-entropy-lanes.wgsl", text: lanesSource }
        : { name: "kernels/cross-entropy-workgroup.wgsl", text: workgroupSource },
    ]),
    buffers: {
      logits: logits.slice(name),
      classes: classes.slice(name),
      losses: losses.slice(name),
      log_sums: logSums.slice(name),
      status: engine.status.slice(),
    },
    uniforms: {
      count: classes.size,
      length: isVector ? columns / 4 : columns,
      classes: columns,
      word: engine.status.reserve(rowLosses, ({ instance }) => badClass(instance)),
    },
    workgroups: strategy === "lanes" ? Math.ceil(classes.size / lanes) : classes.size,
  });
  return { losses, logSums };
}

function badClass(row: number): ImleError {
  return new ImleError(
    "value",
    `crossEntropy: classes must be from 0 to one below the number of columns, got another in row ${row}`,
    "Check the labels; a row to be left out needs a mask on the losses, not a class of −1.",
  );
}

function elementLoss(name: keyof typeof elementLosses, a: Tensor, b: Tensor, options: LossOptions): Tensor {
  const reduction = checkReduction(name, options);
  requireTensor(name, "the prediction", a, ["f32"]);
  requireTensor(name, "the target", b, ["f32"]);
  a.engine.check(name, [b]);
  requireSameShape(name, "prediction and target", a, b);
  requireSome(name, a, reduction);
  const { engine, shape } = a;
  const { value, gradients } = elementLosses[name];
  const losses = mapElements(engine, { label: name, expression: value, dtype: "f32", operands: { a, b }, shape });
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
              operands: { a, b, dy: dy!, scale },
              shape,
            })
          : null,
      ),
  });
  return loss;
}

function checkReduction(operation: string, options: LossOptions): Reduction {
  requireOptions(operation, options, ["reduction"]);
  const { reduction = "mean" } = options;
  requireChoice(operation, "reduction", reduction, ["mean", "sum", "none"]);
  return reduction;
}

function requireSome(operation: string, tensor: Tensor, reduction: Reduction): void {
  must(
    tensor.size > 0 || reduction !== "mean",
    "shape",
    () => `${operation}: a mean must be of at least one loss, got shape ${formatShape(tensor.shape)}`,
    "Skip the call for empty batches, or use { reduction: \"sum\" }.",
  );
}

/** The losses as one number, and what a slope of that number is to be multiplied with for each of them. */
function reduceLosses(label: string, losses: Tensor, reduction: Reduction): { loss: Tensor; scale: number } {
  if (reduction === "none") return { loss: losses, scale: 1 };
  const { engine, size } = losses;
  const scale = reduction === "mean" ? 1 / size : 1;
  const loss =
    size === 0
      ? fill(engine, [], 0)
      : reduceBlock(label, losses, { outer: 1, length: size, inner: 1 }, [], { fold: "sum", scale });
  losses.dispose();
  return { loss, scale };
}
