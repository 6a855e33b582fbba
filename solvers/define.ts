import { formatValue, must } from "../engine/error.js";
import { requireOptions } from "../engine/ops/arguments.js";
import { solverKernels } from "./run.js";
import type { Solver, SolverDefinition } from "./solver.js";
import { plainWeights } from "./weights.js";

const fieldNames: readonly (keyof SolverDefinition)[] = [
  ...(["name", "sense", "instanceAxes", "parameters", "inputs", "outputs", "workspaceUnit"] as const),
  ...(["cacheWeights", "emitsEvery", "strategies", "reports"] as const),
];
const functionNames = [
  ...(["check", "stateShape", "maximumState", "workspace", "fits", "choose", "loopIterations"] as const),
];

const identifier = /^[a-z][a-z0-9_]*$/;

/**
 * Makes a solver of a definition: WGSL that, for one instance, reads weights through `weight4(q)` or `weight(i)` and
 * emits a state. It works in `solve`, `perturbAndMap` and every estimator, with any noise, on every runtime.
 *
 * @throws ImleError `value` where the definition contradicts itself
 */
export function defineSolver(definition: SolverDefinition): Solver {
  requireOptions("defineSolver", definition, [...fieldNames, ...functionNames]);
  const { name, sense, strategies, parameters = {}, inputs = {}, outputs = {} } = definition;
  const rule = (condition: boolean, holds: string, got: unknown, fix: string): void =>
    must(condition, "value", () => `defineSolver: ${holds}, got ${formatValue(got)}`, fix);
  rule(typeof name === "string" && name !== "", "name must be a text", name, "Name the solver; errors call it so.");
  rule(sense === "max" || sense === "min", `${name}: sense must be max or min`, sense, "Say which one is optimal.");
  const lists = Object.values(strategies ?? {});
  const passes = lists.flatMap((list) => (typeof list === "function" ? [] : list));
  rule(
    lists.length > 0 &&
      lists.every((list) => typeof list === "function" || (Array.isArray(list) && list.length > 0)) &&
      passes.every((pass) => typeof pass.wgsl === "string" || typeof pass.wgsl === "function"),
    `${name}: strategies must have a lane or a workgroup with at least one pass with wgsl`,
    strategies,
    "Write { lane: [{ wgsl }] } or { workgroup: [{ wgsl, workgroupSize }] }.",
  );
  for (const { workgroupSize = 64 } of passes) {
    rule(
      typeof workgroupSize === "function" ||
        (Number.isInteger(workgroupSize) && workgroupSize >= 1 && workgroupSize <= 256),
      `${name}: workgroupSize must be a whole number from 1 to 256`,
      workgroupSize,
      "256 is WebGPU's default limit.",
    );
  }
  for (const key of functionNames) {
    const got = definition[key];
    rule(
      typeof got === "function" || !(key in definition),
      `${name}: ${key} must be a function`,
      got,
      "Write a function of the instance's shape, or leave it out.",
    );
  }
  for (const [key, input] of Object.entries(inputs)) {
    rule(
      typeof input?.shape === "function" && ["f32", "i32", "u32"].includes(input.dtype),
      `${name}: the input ${key} must be { dtype, shape }`,
      input,
      'Write { dtype: "f32", shape: ([n]) => [n] }.',
    );
  }
  for (const [key, output] of Object.entries(outputs)) {
    rule(
      key !== "state" && typeof output?.shape === "function" && ["f32", "i32", "u32"].includes(output.dtype),
      `${name}: the output ${key} must be { dtype, shape }, and not be called state`,
      output,
      'Write { dtype: "f32", shape: () => [] }.',
    );
  }
  for (const field of [parameters, inputs, outputs].flatMap(Object.keys)) {
    rule(
      identifier.test(field),
      `${name}: names of parameters, inputs and outputs must be lower-case WGSL identifiers`,
      field,
      "Use letters, digits and underscores.",
    );
  }
  for (const [key, { type, value }] of Object.entries(parameters)) {
    rule(
      type === "f32" ? Number.isFinite(value) : Number.isInteger(value) && value >= 0 && value < 2 ** 32,
      `${name}: parameter ${key} must be a number of type ${type}`,
      value,
      "u32 parameters are whole numbers from 0.",
    );
  }
  const solver: Solver = {
    instanceAxes: 1,
    check: () => undefined,
    stateShape: (shape) => shape,
    maximumState: () => 1,
    workspace: () => 0,
    workspaceUnit: "u32",
    cacheWeights: false,
    emitsEvery: false,
    fits: () => true,
    choose: ({ software }) => (software ? "lane" : "workgroup"),
    ...definition,
    parameters,
    inputs,
    outputs,
    reports: definition.reports,
    loopIterations: definition.loopIterations,
    kernelsFor: (engine, shapes) =>
      shapes.flatMap((shape) => solverKernels(engine, solver, shape, { samples: 1, source: plainWeights, output: "states" })),
  };
  return solver;
}
