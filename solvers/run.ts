import type { Engine } from "../engine/engine.js";
import { ImleError, must } from "../engine/error.js";
import type { Kernel, UniformValue } from "../engine/kernel.js";
import type { Slice } from "../engine/commands.js";
import type { Tensor } from "../engine/tensor.js";
import { composeSolver, type EmitMode, textOf, usesWorkspace, workgroupSizeOf } from "./compose.js";
import {
  type Batch,
  checkInputs,
  chooseStrategy,
  type Pass,
  type Solver,
  type SolverInputs,
  splitBatch,
  type Strategy,
} from "./solver.js";
import { plainWeights, type WeightSource } from "./weights.js";

/** What a solver's call leaves: states of each sample, or their sum. */
export interface SolverRun {
  /** Names the caller in errors. */
  readonly operation: string;
  readonly inputs?: SolverInputs;
  readonly samples: number;
  readonly source: WeightSource;
  /** `states`: f32 [...batch, S, ...state], without the axis S where `samples` is 1 and `squeeze`. `counts`: i32 sums. */
  readonly output: "states" | "counts";
  readonly strategy?: Strategy;
}

const product = (lengths: readonly number[]): number => lengths.reduce((total, length) => total * length, 1);

/** Workspace of all slots together: on processors what their caches hold, else half the default limit of a binding. */
const workspaceBytes = { software: 1 << 22, hardware: 1 << 26 } as const;

/** Invocations of a workgroup of the lane strategy: few on processors, so that small batches use all of their cores. */
const lanesOf = (engine: Engine): number => (engine.software ? 8 : 64);

/**
 * Solves every (instance, sample) of a batch on the device.
 *
 * @param weights f32 [...batch, ...instance]
 * @returns states f32 [instances × samples, state size], or counts i32 [instances, state size], flat
 */
export function runSolver(solver: Solver, weights: Tensor, run: SolverRun): Tensor {
  const { operation, samples, source, output, inputs = {} } = run;
  const { engine } = weights;
  must(
    weights.dtype === "f32",
    "dtype",
    () => `${operation}: the weights of ${solver.name} must be f32, got ${weights.dtype}`,
    "Make the tensor with { dtype: \"f32\" }.",
  );
  const tables = Object.entries(source.tables).map(([name, { tensor }]) => [name, tensor] as const);
  const further = { ...source.rows, ...Object.fromEntries(tables) };
  const tensors = [weights, ...Object.values(inputs), ...Object.values(further)];
  engine.check(operation, tensors);
  const theta = weights.slice(operation);
  const batch = splitBatch(operation, solver, weights.shape);
  checkInputs(operation, solver, batch, inputs);
  checkCounts(operation, solver, batch, samples);

  const stateShape = solver.stateShape(batch.instanceShape);
  const stateSize = product(stateShape);
  const jobs = batch.instances * samples;
  const sampleAxis = output === "states" && samples > 1 ? [samples] : [];
  const dtype = output === "states" ? "f32" : "i32";
  const result = engine.output(operation, [...batch.batchShape, ...sampleAxis, ...stateShape], dtype);
  if (result.size === 0) return result;
  const emit: EmitMode = output === "states" ? "state" : samples === 1 ? "single" : "count";
  if (emit === "count" || !solver.emitsEvery || batch.size === 0) engine.commands.clear(result.slice(operation));
  if (batch.size === 0) return result;

  const facts = { instanceShape: batch.instanceShape, size: batch.size, jobs, software: engine.software };
  const strategy = chooseStrategy(operation, solver, facts, run.strategy);
  const steps = plan(solver, strategy, batch.instanceShape);
  const unit = solver.workspaceUnit === "vec4u" ? 4 : 1;
  const ownWords = unit * Math.ceil(solver.workspace(batch.instanceShape, strategy) / unit);
  const slotWords = ownWords + (solver.cacheWeights ? 4 * Math.ceil(batch.size / 4) : 0);
  const slotGroup = strategy === "lane" ? lanesOf(engine) : 1;
  const slots = countSlots(operation, engine, solver, jobs, slotWords, slotGroup);
  engine.scope(() => {
    const packed = packInputs(operation, engine, solver, batch, inputs);
    const buffers: Record<string, Slice> = { theta, output: result.slice(operation) };
    for (const [name, tensor] of Object.entries(further)) buffers[name] = tensor.slice(operation);
    if (packed) buffers["packed_inputs"] = packed.tensor.slice(operation);
    if (usesWorkspace(solver)) {
      const words = Math.ceil(slots / slotGroup) * slotGroup * slotWords;
      buffers["work"] = engine.output(operation, [Math.max(words, 1)], "u32").slice(operation);
    }
    if (solver.reports) buffers["status"] = engine.status.slice();
    const uniforms: Record<string, UniformValue> = {
      extents: batch.instanceShape,
      instances: batch.instances,
      samples,
      size: batch.size,
      state_size: stateSize,
      workspace: ownWords,
      slot_words: slotWords,
      slots,
      ...packed?.uniforms,
    };
    for (const [name, { value }] of Object.entries(source.uniforms)) uniforms[name] = value;
    for (const [name, { value }] of Object.entries(solver.parameters)) uniforms[`parameter_${name}`] = value;
    if (solver.reports) uniforms["status_word"] = reserveStatus(engine, solver);

    const aligned = isAligned(batch, [theta, ...Object.keys(source.rows).map((name) => buffers[name]!)]);
    for (let first = 0; first < jobs; first += slots) {
      const here = Math.min(slots, jobs - first);
      for (const step of steps) {
        const kernel = stepKernel(engine, solver, strategy, step, batch.instanceShape, source, emit, aligned);
        const workers = here * step.parts;
        const workgroups = strategy === "lane" ? Math.ceil(workers / lanesOf(engine)) : workers;
        const work = { kernel, buffers, uniforms: { ...uniforms, first_job: first, jobs: here, parts: step.parts } };
        for (let turn = 0; turn < step.repeat; turn++) engine.dispatch({ ...work, workgroups });
      }
    }
  });
  return result;
}

/** The kernels that a call with weights of this shape would use, for `engine.prepare`. */
export function solverKernels(
  engine: Engine,
  solver: Solver,
  shape: readonly number[],
  options: { samples: number; source: WeightSource; output: "states" | "counts"; strategy?: Strategy },
): Kernel[] {
  const { samples, source, output } = options;
  const batch = splitBatch("prepare", solver, shape);
  const emit: EmitMode = output === "states" ? "state" : samples === 1 ? "single" : "count";
  const facts = {
    instanceShape: batch.instanceShape,
    size: batch.size,
    jobs: batch.instances * samples,
    software: engine.software,
  };
  const strategy = chooseStrategy("prepare", solver, facts, options.strategy);
  return plan(solver, strategy, batch.instanceShape).map((step) =>
    stepKernel(engine, solver, strategy, step, batch.instanceShape, source, emit, batch.size % 4 === 0),
  );
}

/**
 * The optimal state of every instance (MAP): no noise, no gradient.
 *
 * @param weights f32 [...batch, ...instance]: scores of a solver that maximises, costs of one that minimises
 * @param inputs per-instance inputs of the solver, by name
 * @returns f32 [...batch, ...state], whole numbers
 * @throws ImleError where shapes, dtypes or inputs do not fit the solver
 */
export function solve(
  solver: Solver,
  weights: Tensor,
  inputs?: SolverInputs,
  options: { strategy?: Strategy } = {},
): Tensor {
  const run = { operation: "solve", samples: 1, source: plainWeights, output: "states" } as const;
  return runSolver(solver, weights, { ...run, ...options, ...(inputs && { inputs }) });
}

interface Step {
  readonly pass: Pass | null;
  readonly index: number;
  readonly parts: number;
  readonly repeat: number;
  readonly fills: boolean;
}

/** The passes of a strategy for a shape; a first one that only draws the weights, where several passes share them. */
function plan(solver: Solver, strategy: Strategy, instanceShape: readonly number[]): Step[] {
  const passes = solver.strategies[strategy]!;
  const steps = passes.map((pass, index) => ({
    pass,
    index,
    parts: pass.parts?.(instanceShape) ?? 1,
    repeat: pass.repeat?.(instanceShape) ?? 1,
    fills: false,
  }));
  if (!solver.cacheWeights) return steps;
  const only = steps[0]!;
  if (steps.length === 1 && only.parts === 1 && only.repeat === 1) return [{ ...only, fills: true }];
  return [{ pass: null, index: -1, parts: 1, repeat: 1, fills: true }, ...steps];
}

function stepKernel(
  engine: Engine,
  solver: Solver,
  strategy: Strategy,
  step: Step,
  instanceShape: readonly number[],
  source: WeightSource,
  emit: EmitMode,
  aligned: boolean,
): Kernel {
  const { pass, fills } = step;
  const unshaped = typeof pass?.wgsl !== "function" && typeof pass?.workgroupSize !== "function";
  const shaped = unshaped ? "" : instanceShape.join();
  const known = kernelsOf(engine, solver);
  const lanes = lanesOf(engine);
  const key = [strategy, lanes, step.index, shaped, source.key, emit, aligned].join("|");
  let kernel = known.get(key);
  if (!kernel) {
    const author = pass ? textOf(pass, instanceShape) : "";
    const names = [...Object.keys(solver.parameters), ...Object.keys(solver.inputs)].join();
    const sizes = [solver.workspaceUnit, workgroupSizeOf(pass, instanceShape)];
    const identity = [solver.name, solver.sense, key, names, solver.cacheWeights, fills, ...sizes, author];
    const composition = { solver, strategy, pass, fills, instanceShape, source, emit, lanes, aligned };
    kernel = engine.kernel(identity.join("|"), () => composeSolver(composition), `${solver.name} (${strategy})`);
    known.set(key, kernel);
  }
  return kernel;
}

const solverKernelMaps = new WeakMap<Engine, WeakMap<Solver, Map<string, Kernel>>>();

/** Kernels by a short key; two solvers of one text share their kernels through the engine's own map. */
function kernelsOf(engine: Engine, solver: Solver): Map<string, Kernel> {
  let ofEngine = solverKernelMaps.get(engine);
  if (!ofEngine) solverKernelMaps.set(engine, (ofEngine = new WeakMap()));
  let ofSolver = ofEngine.get(solver);
  if (!ofSolver) ofEngine.set(solver, (ofSolver = new Map()));
  return ofSolver;
}

function isAligned(batch: Batch, slices: readonly Slice[]): boolean {
  return batch.size % 4 === 0 && slices.every(({ storage, bytes }) => Math.ceil(bytes / 16) * 16 <= storage.capacity);
}

/** How many jobs have a workspace of their own at a time: whole groups of slots, as lanes lay them out. */
function countSlots(
  operation: string,
  engine: Engine,
  solver: Solver,
  jobs: number,
  slotWords: number,
  slotGroup: number,
): number {
  if (slotWords === 0) return jobs;
  const groupBytes = 4 * slotWords * slotGroup;
  const limit = engine.device.limits.maxStorageBufferBindingSize;
  must(
    groupBytes <= limit,
    "limit",
    () =>
      `${operation}: the workspace of ${slotGroup} instances of ${solver.name} must fit ${limit} bytes, got ${groupBytes}`,
    "Use smaller instances, or an adapter with a larger maxStorageBufferBindingSize.",
  );
  const budget = engine.software ? workspaceBytes.software : workspaceBytes.hardware;
  return Math.min(jobs, Math.max(1, Math.floor(budget / groupBytes)) * slotGroup);
}

/** Sums of states are counted in whole numbers, which f32 holds exactly below 2²⁴. */
function checkCounts(operation: string, solver: Solver, batch: Batch, samples: number): void {
  const largest = solver.maximumState(batch.instanceShape);
  must(
    Number.isInteger(samples) && samples >= 1 && samples * largest < 2 ** 24,
    "value",
    () =>
      `${operation}: samples must be a whole number from 1 with samples · max|v| below 2²⁴ (${solver.name}: max|v| = ${largest}), got ${samples}`,
    "Use fewer samples.",
  );
}

/** All inputs of a call in one buffer, one after the other: a single one is bound as it is. */
function packInputs(
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
    uniforms[`input_start_${name}`] = total;
    uniforms[`input_length_${name}`] = inputs[name] ? product(solver.inputs[name]!.shape(batch.instanceShape)) : 0;
    total += inputs[name]?.size ?? 0;
  }
  const given = names.flatMap((name) => inputs[name] ?? []);
  if (given.length === 1) return { tensor: given[0]!, uniforms };
  const tensor = engine.output(operation, [Math.max(total, 1)], "u32");
  let offset = 0;
  for (const input of given) {
    const { storage } = tensor.slice(operation);
    engine.commands.copy(input.slice(operation), { buffer: storage.buffer, offset, storage });
    offset += 4 * input.size;
  }
  return { tensor, uniforms };
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
