import type { Engine } from "../../engine/engine.js";
import type { Tensor } from "../../engine/tensor.js";
import type { Solver, SolverInputs } from "../../solvers/solver.js";
import type { CheckInstance } from "./instances.js";

/** A batch of instances of one shape as tensors. */
export interface Instances {
  readonly weights: Tensor;
  readonly inputs: SolverInputs;
}

/** Uploads instances of one shape and with the same inputs. */
export function uploadInstances(engine: Engine, solver: Solver, instances: readonly CheckInstance[]): Instances {
  const { shape, weights, inputs } = instances[0]!;
  const joined = new Float32Array(instances.length * weights.length);
  instances.forEach((instance, index) => joined.set(instance.weights, index * weights.length));
  const tensors = Object.keys(inputs).map((name) => {
    const own = solver.inputs[name]?.shape(shape) ?? [];
    const numbers = instances.flatMap((instance) => [...instance.inputs[name]!]);
    const { dtype = "f32" } = solver.inputs[name] ?? {};
    return [name, engine.tensor(numbers, [instances.length, ...own], { dtype })] as const;
  });
  return { weights: engine.tensor(joined, [instances.length, ...shape]), inputs: Object.fromEntries(tensors) };
}

/** Runs `make` on instances that are freed afterwards, and reads what it made, cut into rows. */
export async function readRows(
  engine: Engine,
  solver: Solver,
  instances: readonly CheckInstance[],
  rows: number,
  make: (given: Instances) => Tensor,
): Promise<number[][]> {
  const result = engine.scope(() => make(uploadInstances(engine, solver, instances)).keep());
  try {
    const numbers = [...(await result.read())];
    const length = numbers.length / rows;
    return Array.from({ length: rows }, (_, row) => numbers.slice(row * length, (row + 1) * length));
  } finally {
    result.dispose();
  }
}
