import type { Engine } from "../engine/engine.js";
import { formatValue, must } from "../engine/error.js";
import type { Tensor } from "../engine/tensor.js";
import { usesWorkspace } from "./compose.js";
import { type Batch, product, type Solver, type Strategy } from "./solver.js";

/** @throws ImleError `value` where the solver has no output of a name, `limit` where there are too many to bind */
export function requireOutputs(
  operation: string,
  engine: Engine,
  solver: Solver,
  batch: Batch,
  names: readonly string[],
  strategy: Strategy,
): void {
  for (const name of names) {
    must(
      typeof name === "string" && Object.hasOwn(solver.outputs, name),
      "value",
      () => {
        const known = Object.keys(solver.outputs).join(", ");
        return `${operation}: outputs of ${solver.name} must be among [${known}], got ${formatValue(name)}`;
      },
      "Correct its name; the state comes always.",
    );
  }
  const own = [Object.keys(solver.inputs).length > 0, usesWorkspace(solver, strategy, batch.instanceShape, names), solver.reports];
  const others = 2 + own.filter(Boolean).length;
  const most = engine.device.limits.maxStorageBuffersPerShaderStage - others;
  must(
    names.length <= most,
    "limit",
    () => `${operation}: at most ${most} outputs of ${solver.name} fit the adapter's bindings, got ${names.length}`,
    "Ask for some of them, and for the rest in another call.",
  );
}

/** Tensors for the further outputs of a call, by name: [...batch, ...output shape]. */
export function createOutputs(
  operation: string,
  engine: Engine,
  solver: Solver,
  batch: Batch,
  names: readonly string[],
): Record<string, Tensor> {
  return Object.fromEntries(
    names.map((name) => {
      const { dtype, shape } = solver.outputs[name]!;
      return [name, engine.output(operation, [...batch.batchShape, ...shape(batch.instanceShape)], dtype)];
    }),
  );
}

/** The uniforms that tell `emit_NAME` how long an instance's output is. */
export function outputUniforms(solver: Solver, batch: Batch, names: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    names.map((name) => [`output_length_${name}`, product(solver.outputs[name]!.shape(batch.instanceShape))]),
  );
}
