import type { Engine } from "../engine/engine.js";
import { formatShape, formatValue, ImleError, must } from "../engine/error.js";
import { isRecord, requireTensor } from "../engine/ops/arguments.js";
import { sameShape } from "../engine/shape.js";
import type { Tensor } from "../engine/tensor.js";
import { type Batch, product, type Solver, type SolverInputs } from "./solver.js";

/** @throws ImleError `value` unless these are inputs by names that the solver has; the tensors are not looked at */
export function requireInputs(operation: string, solver: Solver, inputs: unknown): asserts inputs is SolverInputs {
  const names = isRecord(inputs) ? Object.keys(inputs) : undefined;
  const unknown = names?.find((name) => !Object.hasOwn(solver.inputs, name));
  must(
    names !== undefined && unknown === undefined,
    "value",
    () => {
      const known = Object.keys(solver.inputs).join(", ");
      return `${operation}: inputs of ${solver.name} must be among [${known}], got ${names ? unknown : formatValue(inputs)}`;
    },
    names ? "Leave it out, or correct its name." : "Pass an object of tensors by their names, or leave it out.",
  );
}

/** Checks names, dtypes and shapes of a call's inputs. */
export function checkInputs(operation: string, solver: Solver, batch: Batch, inputs: SolverInputs): void {
  requireInputs(operation, solver, inputs);
  for (const [name, input] of Object.entries(solver.inputs)) {
    const tensor = inputs[name];
    if (tensor === undefined) {
      if (input.optional) continue;
      throw new ImleError(
        "value",
        `${operation}: ${solver.name} must be given the input ${name}, got none`,
        `Pass { ${name}: a tensor } as inputs.`,
      );
    }
    requireTensor(operation, `the input ${name}`, tensor);
    const own = input.shape(batch.instanceShape);
    const expected = [...batch.batchShape, ...own];
    must(
      tensor.dtype === input.dtype,
      "dtype",
      () => `${operation}: the input ${name} must be ${input.dtype}, got ${tensor.dtype}`,
      `Make it with { dtype: "${input.dtype}" }.`,
    );
    must(
      isShared(tensor, own) || sameShape(tensor.shape, expected),
      "shape",
      () =>
        `${operation}: the input ${name} must have the shape ${formatShape(expected)}, or ${formatShape(own)} for all ` +
        `instances, got ${formatShape(tensor.shape)}`,
      "Give it the weights' batch axes first, or none.",
    );
  }
}

/** Whether an input has no batch axes: it is then the same for all instances. */
function isShared(tensor: Tensor, own: readonly number[]): boolean {
  return sameShape(tensor.shape, own);
}

/** The start of an input that was left out. */
const absent = 2 ** 32 - 1;

/** All inputs of a call in one buffer, one after the other: a single one is bound as it is. */
export function packInputs(
  operation: string,
  engine: Engine,
  solver: Solver,
  batch: Batch,
  inputs: SolverInputs,
): { tensor: Tensor; uniforms: Record<string, number> } | null {
  const names = Object.keys(solver.inputs);
  if (names.length === 0) return null;
  const uniforms: Record<string, number> = {};
  let total = 0;
  for (const name of names) {
    const tensor = inputs[name];
    const own = solver.inputs[name]!.shape(batch.instanceShape);
    uniforms[`input_start_${name}`] = tensor ? total : absent;
    uniforms[`input_stride_${name}`] = !tensor || isShared(tensor, own) ? 0 : product(own);
    total += tensor?.size ?? 0;
  }
  const given = names.flatMap((name) => inputs[name] ?? []);
  if (given.length === 1) return { tensor: given[0]!, uniforms };
  const tensor = engine.output(operation, [Math.max(total, 1)], "u32");
  let offset = 0;
  for (const input of given) {
    const { storage } = tensor.slice(operation);
    engine.commands.copy(input.slice(operation), { storage, offset });
    offset += 4 * input.size;
  }
  return { tensor, uniforms };
}
