import { formatValue, must } from "./error.js";
import { requireOptions, requireTensor } from "./ops/arguments.js";
import { type Gradients, isRecorded, noGrad, record } from "./tape.js";
import type { Tensor } from "./tensor.js";

/**
 * An operation with a gradient of your own: the hook by which solvers enter the tape.
 *
 * `forward` runs unrecorded. `backward` gets ∂L/∂y for each output (zeros where none arrived) and returns ∂L/∂x, or
 * null, for each input; it runs unrecorded too. Inputs and outputs stay readable for it, also where their scope has
 * ended by then; any other tensor it reads must be named in `saved`.
 *
 * @example
 * const y = customGradient({
 *   inputs: [x],
 *   forward: (x) => round(x),
 *   backward: (dy) => [dy], // straight-through
 * });
 * @throws ImleError `value` where a function is missing or returns something else; from `backward()` `shape` where a
 * gradient is not f32 of its input's shape
 */
export function customGradient<Result extends Tensor | readonly Tensor[]>(operation: {
  /** At least one, of one engine; those that require a gradient get one. */
  inputs: readonly Tensor[];
  /** Of the inputs, in their order: one tensor or several, which are what is returned. */
  forward: (...inputs: Tensor[]) => Result;
  /** Of ∂L/∂y of each output, f32 of its shape: ∂L/∂x, f32 of the input's shape, or null, for each input. */
  backward: (...dys: Tensor[]) => Tensor | Gradients | null;
  /** Tensors that `backward` reads beside inputs and outputs. */
  saved?: readonly Tensor[];
  /** Names it in errors. */
  label?: string;
}): Result {
  requireOptions("customGradient", operation, ["inputs", "forward", "backward", "saved", "label"]);
  const { inputs, forward, backward, saved = [], label = "customGradient" } = operation;
  must(
    Array.isArray(inputs) && inputs.length > 0 && typeof forward === "function" && typeof backward === "function",
    "value",
    () => `${label}: inputs must be an array of tensors, forward and backward functions, got ${formatValue(operation)}`,
    "Pass { inputs: [x], forward: (x) => …, backward: (dy) => … }.",
  );
  inputs.forEach((input, i) => requireTensor(label, `input ${i}`, input));
  const { engine } = inputs[0]!;
  engine.check(label, inputs);
  const made = noGrad(() => forward(...inputs));
  const results = (Array.isArray(made) ? made : [made]) as Tensor[];
  for (const result of results) {
    must(
      result?.engine === engine,
      "value",
      () => `${label}: forward must return a tensor, or an array of tensors, of the inputs' engine, got ${formatValue(made)}`,
      "Return the operation's result.",
    );
  }
  if (!isRecorded(inputs)) return made;
  // An output that is an input (or has a history of its own) becomes a fresh handle, so that one handle has one node.
  const outputs = results.map((result) => (inputs.includes(result) || result.requiresGrad ? result.alias() : result));
  record({
    label,
    inputs,
    outputs,
    saved: [...inputs, ...outputs, ...saved],
    backward: (dys) => {
      const filled = dys.map((dy, i) => dy ?? engine.zeros(outputs[i]!.shape));
      const gradients = backward(...filled);
      return Array.isArray(gradients) ? gradients : [gradients as Tensor | null];
    },
  });
  return (Array.isArray(made) ? outputs : outputs[0]) as Result;
}
