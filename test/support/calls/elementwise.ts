import { choice, exactly, broadcasts, isF32, numbers, optional, options, slot } from "../slots.js";
import {
  aboveZero,
  anyDtype,
  call,
  type Calls,
  calls,
  type Context,
  finite,
  probability,
  signed,
  streamFrom,
} from "./context.js";

const ofFloats = [
  ...["exp", "expm1", "log", "log1p", "sqrt", "rsqrt", "reciprocal", "sin", "cos", "tanh", "sigmoid", "softplus"],
  ...["silu", "gelu", "floor", "ceil", "round"],
];
const ofTwo = [
  ...["add", "sub", "mul", "div", "pow", "maximum", "minimum", "equal", "notEqual", "less", "lessEqual", "greater"],
  ...["greaterEqual", "logicalAnd", "logicalOr", "logicalXor"],
];
const elementLosses = [
  ...["squaredError", "absoluteError", "hammingLoss", "binaryCrossEntropy", "binaryCrossEntropyWithLogits"],
  "klDivergence",
];

/** Elementwise operations, and losses. */
export function elementwise(context: Context): Calls {
  const { tensors, indices, f32, any } = context;
  const operand = context.operand();
  const same = tensors.beside(context.like(["f32"], exactly(2, 3)));
  const reduction = choice("mean", "sum", "none");
  const ignoreIndex = slot(-1, (value) => value === undefined || (typeof value === "number" && value === (value | 0)));
  return {
    ...calls(ofFloats, f32),
    ...calls(
      ["neg", "abs", "sign", "relu"],
      context.like(signed, () => true),
    ),
    ...calls(["square", "logicalNot"], any),
    ...calls(ofTwo, operand, operand),
    ...call("leakyRelu", f32, optional(finite)),
    ...call(
      "clamp",
      context.like(signed, () => true),
      numbers(-1, (low) => isF32(low) && low <= 1),
      numbers(1, (high) => isF32(high) && high >= -1),
    ),
    ...call("where", tensors.beside(context.like(anyDtype, broadcasts(2, 3))), operand, operand),
    ...call("dropout", f32, probability, options({ stream: streamFrom(0) })),
    ...call(
      "checkFinite",
      f32,
      slot("name", (value) => value === undefined || typeof value === "string"),
    ),
    ...calls(elementLosses, same, same, options({ reduction })),
    ...call("huberLoss", same, same, options({ reduction, delta: aboveZero })),
    ...call(
      "crossEntropy",
      same,
      tensors.beside(tensors.of(indices, ["i32"], exactly(2))),
      options({ reduction, labelSmoothing: optional(probability), ignoreIndex }),
    ),
  };
}
