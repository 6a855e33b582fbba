import { holdsVectors, type Slice } from "../engine/commands.js";
import type { Engine } from "../engine/engine.js";
import { formatValue, ImleError, must } from "../engine/error.js";
import type { Kernel, UniformValue } from "../engine/kernel.js";
import { requireOptions, requireTensor } from "../engine/ops/arguments.js";
import type { Tensor } from "../engine/tensor.js";
import { type Call, kernelsOfCall, planCall, type Request } from "./call.js";
import { usesWorkspace } from "./compose.js";
import { widthOf } from "./emit.js";
import { checkInputs, packInputs } from "./inputs.js";
import { createOutputs, outputUniforms, requireOutputs } from "./outputs.js";
import { emitsEvery } from "./means.js";
import { requireSolver, type Solver, type SolverInputs, type Strategy } from "./solver.js";
import { plainWeights, type WeightSource } from "./weights.js";

/** What a solver's call reads, and what it leaves. */
export interface SolverRun extends Request {
  readonly inputs?: SolverInputs;
  readonly source: WeightSource;
  /** f32 [...batch, words]: where `trace(i, x)` writes; without it, it does nothing. */
  readonly trace?: Tensor;
}

/**
 * Solves every (instance, sample) of a batch on the device.
 *
 * @param weights f32 [...batch, ...instance]
 * @returns for output `states` f32 [...batch, S, ...state] (no axis S where S is 1), for `counts` i32
 * [...batch, groups, ...state] (no axis of groups where there is one), for `mean` f32 [...batch, ...state], or i32
 * counts where means take a pass of their own
 */
export function runSolver(solver: Solver, weights: Tensor, run: SolverRun): Tensor {
  return runForOutputs(solver, weights, run).state;
}

/** The same, with the further outputs that are wanted beside the state. */
function runForOutputs(solver: Solver, weights: Tensor, run: SolverRun): Record<string, Tensor> & { state: Tensor } {
  const { operation, samples, source, output, inputs = {}, groups = 1, outputs: names = [], trace } = run;
  requireSolver(operation, solver);
  requireTensor(operation, `the weights of ${solver.name}`, weights, ["f32"]);
  const { engine } = weights;
  const buffers: Record<string, Slice> = {};
  const read = (name: string, tensor: Tensor): void => {
    engine.check(operation, [tensor]);
    buffers[name] = tensor.slice(operation);
  };
  read("theta", weights);
  for (const [name, tensor] of Object.entries(source.rows)) read(name, tensor);
  for (const [name, { tensor }] of Object.entries(source.tables)) read(name, tensor);
  for (const [name, tensor] of Object.entries(source.words)) read(name, tensor);
  const call = planCall(engine, solver, weights.shape, run);
  checkInputs(operation, solver, call.batch, inputs);
  engine.check(operation, Object.values(inputs));
  requireOutputs(operation, engine, solver, call.batch, names, call.strategy);

  const { batch, jobs } = call;
  const means = call.emit === "final" || call.emit === "sum";
  const finish = means ? run.finish : undefined;
  const rows = output === "states" ? samples : groups;
  const sampleAxis = rows > 1 ? [rows] : [];
  const shape = [...batch.batchShape, ...sampleAxis, ...call.stateShape];
  return engine.scope(() => {
    const result = engine.output(operation, shape, output === "states" || means ? "f32" : "i32");
    buffers["output"] = result.slice(operation);
    const further = createOutputs(operation, engine, solver, batch, names);
    for (const [name, tensor] of Object.entries(further)) buffers[`output_${name}`] = tensor.slice(operation);
    const solves = result.size > 0 && batch.size > 0;
    const adds = call.emit === "count" || call.emit === "group";
    const writes = call.emit === "sum" || (!adds && emitsEvery(solver, batch.instanceShape, call.strategy));
    if (!solves || !(writes || call.zeros)) engine.commands.clear(buffers["output"]);
    if (!solves || !call.zeros) Object.keys(further).forEach((name) => engine.commands.clear(buffers[`output_${name}`]!));
    if (!solves) return { state: result, ...further };
    if (finish) buffers["base"] = finish.base.slice(operation);

    const packed = packInputs(operation, engine, solver, batch, inputs);
    if (packed) buffers["packed_inputs"] = packed.tensor.slice(operation);
    if (usesWorkspace(solver, call.strategy, batch.instanceShape, names)) {
      buffers["work"] = engine.output(operation, [call.workspaceWords], "u32").slice(operation);
    }
    if (solver.reports || source.reports) buffers["status"] = engine.status.slice();
    if (trace) buffers["traced"] = trace.slice(operation);
    const lengths = outputUniforms(solver, batch, names);
    const uniforms = Object.assign(uniformsOf(engine, solver, call, run), packed?.uniforms, lengths);
    const rowSlices = ["theta", ...Object.keys(source.rows)].map((name) => buffers[name]!);
    const width = rowSlices.every(holdsVectors) ? widthOf(batch.size) : 1;
    const variant = { width, traced: trace !== undefined, finish };
    const kernels = kernelsOfCall(engine, solver, call, source, variant);
    const isOne = jobs <= call.slots && call.steps.length === 1 && call.steps[0]!.repeat === 1;
    for (let first = 0; first < jobs; first += call.slots) {
      const here = Math.min(call.slots, jobs - first);
      call.steps.forEach(({ parts, repeat }, step) => {
        const workers = here * parts;
        const workgroups = call.strategy === "lane" ? Math.ceil(workers / call.lanes) : workers;
        const kernel = kernels[step]!;
        for (let repetition = 0; repetition < repeat; repetition++) {
          const own = { first_job: first, jobs: here, parts, repetition };
          // A captured step keeps the object: only a call of one dispatch need not copy it.
          const all = isOne ? Object.assign(uniforms, own) : { ...uniforms, ...own };
          engine.dispatch({ kernel, buffers, workgroups, uniforms: all });
        }
      });
    }
    return { state: result, ...further };
  });
}

/** The kernels that a call with weights of this shape would use, for `engine.prepare`. */
export function solverKernels(
  engine: Engine,
  solver: Solver,
  shape: readonly number[],
  run: Omit<SolverRun, "operation" | "inputs">,
): Kernel[] {
  const call = planCall(engine, solver, shape, { ...run, operation: "prepare" });
  const variant = { width: widthOf(call.batch.size), traced: false, finish: run.finish };
  return kernelsOfCall(engine, solver, call, run.source, variant);
}

/**
 * The optimal state of every instance (MAP): no noise, no gradient.
 *
 * @param weights f32 [...batch, ...instance]: scores of a solver that maximises, costs of one that minimises
 * @param inputs per-instance inputs of the solver, by name
 * @param options.strategy forces one of the solver's strategies; by default its `choose` decides
 * @returns f32 [...batch, ...state], whole numbers
 * @throws ImleError `shape`, `dtype` or `value` where weights or inputs do not fit the solver; at the next read what it
 * reports of an instance
 */
export function solve(
  solver: Solver,
  weights: Tensor,
  inputs?: SolverInputs,
  options: { strategy?: Strategy } = {},
): Tensor {
  const run = { operation: "solve", samples: 1, source: plainWeights, output: "states" } as const;
  requireOptions("solve", options, ["strategy"]);
  return runSolver(solver, weights, { ...run, inputs, ...options });
}

/**
 * The optimal state of every instance, and further answers of its solver beside it (`solver.outputs`): the cost of a
 * path, say. No noise, no gradient; what is not asked for is not made.
 *
 *     const { state, cost } = solveOutputs(dijkstraGrid(), costs, ["cost"]);
 *
 * @param weights f32 [...batch, ...instance]
 * @param outputs names of outputs
 * @param inputs per-instance inputs of the solver, by name
 * @returns `state`, f32 [...batch, ...state], and by name what was asked for, [...batch, ...output shape]
 * @throws ImleError as {@link solve}; `value` for an output that it has not; `limit` for more outputs than bindings
 */
export function solveOutputs<Name extends string>(
  solver: Solver,
  weights: Tensor,
  outputs: readonly Name[],
  inputs?: SolverInputs,
  options: { strategy?: Strategy } = {},
): Record<Name | "state", Tensor> {
  must(
    Array.isArray(outputs),
    "value",
    () => `solveOutputs: outputs must be a list of names, got ${formatValue(outputs)}`,
    `Pass ["cost"], say; those of a solver are in solver.outputs.`,
  );
  requireOptions("solveOutputs", options, ["strategy"]);
  const run = { operation: "solveOutputs", samples: 1, source: plainWeights, output: "states" } as const;
  const names = [...new Set(outputs)];
  return runForOutputs(solver, weights, { ...run, outputs: names, inputs, ...options });
}

function uniformsOf(engine: Engine, solver: Solver, call: Call, run: SolverRun): Record<string, UniformValue> {
  const { batch, stateSize, ownWords, slotWords, slots } = call;
  const { source, samples, groups = 1 } = run;
  const uniforms: Record<string, UniformValue> = {
    extents: batch.instanceShape,
    instances: batch.instances,
    samples,
    groups,
    group_samples: samples / groups,
    draws: samples,
    base_samples: run.finish?.baseSamples ?? 1,
    finish_scale: run.finish?.scale ?? 1,
    size: batch.size,
    state_size: stateSize,
    workspace: ownWords,
    slot_words: slotWords,
    slots,
    // Those of a dispatch, here for their places: an object that grows by names of its own costs a microsecond.
    first_job: 0,
    jobs: 0,
    parts: 1,
    repetition: 0,
  };
  for (const [name, { value }] of Object.entries(source.uniforms)) uniforms[name] = value;
  for (const [name, { value }] of Object.entries(solver.parameters)) uniforms[`parameter_${name}`] = value;
  if (solver.reports) uniforms["status_word"] = reserveStatus(engine, solver);
  if (source.reports) uniforms["source_status_word"] = reserveSourceStatus(engine, source.reports);
  if (run.trace) uniforms["trace_words"] = run.trace.shape.at(-1)!;
  return uniforms;
}

function reserveSourceStatus(engine: Engine, reports: NonNullable<WeightSource["reports"]>): number {
  return engine.status.reserve(reports, ({ code, instance }) => {
    const meaning = reports[code]!;
    return new ImleError(meaning.code, `${meaning.must}, got otherwise in instance ${instance}`, meaning.fix);
  });
}

function reserveStatus(engine: Engine, solver: Solver): number {
  const { reports, name } = solver;
  return engine.status.reserve(reports!, ({ code, instance }) => {
    const meaning = reports![code] ?? { must: `report no code of its own`, fix: "Add the code to the solver's reports." };
    return new ImleError(
      "value",
      `${name}: ${meaning.must}, got otherwise in instance ${instance} (code ${code})`,
      meaning.fix,
    );
  });
}
