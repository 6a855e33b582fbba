import { holdsVectors } from "../engine/commands.js";
import type { Engine } from "../engine/engine.js";
import { must } from "../engine/error.js";
import type { Kernel } from "../engine/kernel.js";
import { cachesWeights, composeSolver, type Composition, identityOf, textOf } from "./compose.js";
import { emissionOf, type EmitMode, type Width } from "./emit.js";
import { emitsEvery, type Finish, meanMode } from "./means.js";
import {
  type Batch,
  chooseStrategy,
  type Pass,
  passesOf,
  product,
  type Solver,
  splitBatch,
  type Strategy,
} from "./solver.js";
import type { WeightSource } from "./weights.js";

/** Workspace of all slots together: on processors what their caches hold, else half the default limit of a binding. */
const workspaceBytes = { software: 1 << 22, hardware: 1 << 26 } as const;

/**
 * Up to so many states, of all solves together, an invocation writes its own zeros, which takes less than a clear of the
 * output: on lavapipe that costs as much as a dispatch, 24 µs of a core, and a zero 0.8 to 1.1 ns.
 */
const mostOwnZeros = 1 << 15;

/** Turns of the loops that write zeros, which count with the solver's own: see bounds.ts. */
const mostTurnsOfZeros = 4096;

/** Invocations of a workgroup of the lane strategy: few on processors, so that small batches use all of their cores. */
const lanesOf = (engine: Engine): number => (engine.software ? 8 : 64);

/** What is asked of a solver, but for the weights themselves. */
export interface Request {
  /** Names the caller in errors. */
  readonly operation: string;
  readonly samples: number;
  /**
   * `states`: f32 states of each sample. `counts`: i32 sums of states over the samples of a group. `mean`: f32 means
   * over the samples, where they can be had at once; else counts, of which the caller takes the mean.
   */
  readonly output: "states" | "counts" | "mean";
  /** What becomes of means. */
  readonly finish?: Finish;
  /** Into how many groups of consecutive samples `counts` are sorted; divides the samples. By default 1. */
  readonly groups?: number;
  /** Names of the further outputs that are wanted, each once, of `states` with one sample. */
  readonly outputs?: readonly string[];
  readonly strategy?: Strategy;
}

/** One pass of a call. */
interface Step {
  /** The author's pass, or null for the library's own, which draws the weights. */
  readonly pass: Pass | null;
  readonly index: number;
  readonly parts: number;
  readonly repeat: number;
  readonly fills: boolean;
}

/** How a request is met: everything that follows from the solver, the shape of the weights and the adapter. */
export interface Call {
  readonly batch: Batch;
  readonly stateShape: readonly number[];
  readonly stateSize: number;
  /** (instance, sample) pairs, or instances where one invocation solves all samples. */
  readonly jobs: number;
  readonly emit: EmitMode;
  /** Whether a solve begins with zeros in its states and further outputs, which then need no clear. */
  readonly zeros: boolean;
  readonly strategy: Strategy;
  readonly steps: readonly Step[];
  /** Invocations of a workgroup of the lane strategy. */
  readonly lanes: number;
  /** Words of the author's own workspace of a job. */
  readonly ownWords: number;
  /** Words of a slot: the author's and the cache of weights. */
  readonly slotWords: number;
  /** Jobs that have a slot at a time. */
  readonly slots: number;
  /** Words of all slots, with those that only fill a group. */
  readonly workspaceWords: number;
  /** Whether slots of neighbouring invocations lie word by word next to each other: lanes, each with an instance. */
  readonly interleaved: boolean;
  /** Names of the further outputs that are wanted. */
  readonly outputs: readonly string[];
}

/** Plans a call. Throws whatever can be known before anything is allocated or recorded. */
export function planCall(
  engine: Engine,
  solver: Solver,
  shape: readonly number[],
  request: Request & { readonly source: WeightSource },
): Call {
  const { operation, samples, output, groups = 1, outputs = [], source } = request;
  const batch = splitBatch(operation, solver, shape);
  const { instanceShape } = batch;
  checkCounts(operation, solver, batch, samples);
  const stateShape = solver.stateShape(instanceShape);
  const stateSize = product(stateShape);
  const draws = batch.instances * samples;
  const facts = { instanceShape, size: batch.size, jobs: draws, software: engine.tuning.rows === "lane" };
  const strategy = chooseStrategy(operation, solver, facts, request.strategy);
  const steps = stepsOf(solver, strategy, instanceShape, outputs);
  const undivided = steps.length === 1 && steps[0]!.parts === 1 && steps[0]!.repeat === 1;
  const lengths = outputs.map((name) => product(solver.outputs[name]?.shape(instanceShape) ?? []));
  const written = lengths.reduce((total, length) => total + length, stateSize);
  const canBegin = strategy === "lane" && undivided && written <= mostTurnsOfZeros;
  const summed = { engine, solver, strategy, undivided, batch, stateSize, samples, source, zeros: canBegin };
  const means = output === "mean" && meanMode(summed);
  const counts = samples === 1 ? "single" : groups === 1 ? "count" : "group";
  const emit = output === "states" ? "state" : means || counts;
  // A mean begins with what becomes of zero, and no clear can write that.
  const few = (emit === "state" || emit === "single") && draws * written <= mostOwnZeros;
  const zeros = canBegin && (emit === "final" || few);
  const jobs = emit === "sum" ? batch.instances : draws;
  const lanes = lanesOf(engine);
  const unit = solver.workspaceUnit === "vec4u" ? 4 : 1;
  const ownWords = unit * Math.ceil(solver.workspace(instanceShape, strategy, outputs) / unit);
  const slotWords = ownWords + (cachesWeights(solver, strategy) ? 4 * Math.ceil(batch.size / 4) : 0);
  const interleaved = strategy === "lane" && steps.every(({ parts }) => parts === 1);
  const slotGroup = interleaved ? lanes : 1;
  const slots = countSlots(operation, engine, solver, jobs, slotWords, slotGroup);
  return {
    batch,
    stateShape,
    stateSize,
    jobs,
    emit,
    zeros,
    strategy,
    steps,
    lanes,
    ownWords,
    slotWords,
    slots,
    workspaceWords: Math.ceil(slots / slotGroup) * slotGroup * slotWords,
    interleaved,
    outputs,
  };
}

/** The passes of a strategy for a shape; a first one that only draws the weights, where several passes share them. */
function stepsOf(
  solver: Solver,
  strategy: Strategy,
  instanceShape: readonly number[],
  outputs: readonly string[],
): Step[] {
  // A pass that stands in the list again is the same kernel.
  const steps = passesOf(solver, strategy, instanceShape, outputs).map((pass, _, passes) => ({
    pass,
    index: passes.indexOf(pass),
    parts: pass.parts?.(instanceShape) ?? 1,
    repeat: pass.repeat?.(instanceShape) ?? 1,
    fills: false,
  }));
  if (!cachesWeights(solver, strategy)) return steps;
  const only = steps[0]!;
  if (steps.length === 1 && only.parts === 1 && only.repeat === 1) return [{ ...only, fills: true }];
  return [{ pass: null, index: -1, parts: 1, repeat: 1, fills: true }, ...steps];
}

/**
 * The kernels of a call, one a step. Weights are read `width` at once; with `traced`, what the
 * solver traces is kept.
 */
export function kernelsOfCall(
  engine: Engine,
  solver: Solver,
  call: Call,
  source: WeightSource,
  variant: { readonly width: Width; readonly traced: boolean; readonly finish?: Finish | undefined },
): Kernel[] {
  const { strategy, lanes, emit, interleaved, outputs, zeros } = call;
  const { instanceShape } = call.batch;
  const known = knownKernels(engine, solver);
  const { width, traced, finish } = variant;
  const several = call.steps.filter(({ pass }) => pass !== null).length > 1;
  const base = !finish ? "none" : finish.baseSamples > 1 ? "samples" : "means";
  const alignedBase = !finish || holdsVectors(finish.base.slice(solver.name));
  const layout = [lanes, interleaved, instanceShape.join(), width, traced, base, alignedBase];
  const shared = [strategy, ...layout, source.key, emit, zeros, ...outputs].join("|");
  return call.steps.map(({ pass, index, fills }) => {
    const key = `${shared}|${index}`;
    let kernel = known.get(key);
    if (!kernel) {
      const number = several && pass ? index + 1 : null;
      const text = pass ? textOf(pass, instanceShape) : "";
      const emission = emissionOf(text, call.stateSize, {
        mode: emit,
        base,
        aligned: alignedBase,
        zeros: zeros && !emitsEvery(solver, instanceShape, strategy),
      });
      const how = { solver, strategy, pass, number, fills, zeros, instanceShape, source, emission, outputs };
      const composition: Composition = { ...how, lanes, interleaved, width, traced };
      const label = `${solver.name} (${strategy})`;
      kernel = engine.kernel(identityOf(composition), () => composeSolver(composition), label);
      known.set(key, kernel);
    }
    return kernel;
  });
}

const kernelsOfEngines = new WeakMap<Engine, WeakMap<Solver, Map<string, Kernel>>>();

/** Kernels by a short key; two solvers of one text share their kernels through the engine's own map. */
function knownKernels(engine: Engine, solver: Solver): Map<string, Kernel> {
  let ofEngine = kernelsOfEngines.get(engine);
  if (!ofEngine) kernelsOfEngines.set(engine, (ofEngine = new WeakMap()));
  let ofSolver = ofEngine.get(solver);
  if (!ofSolver) ofEngine.set(solver, (ofSolver = new Map()));
  return ofSolver;
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
export function checkCounts(operation: string, solver: Solver, batch: Batch, samples: number): void {
  const largest = solver.maximumState(batch.instanceShape);
  must(
    Number.isInteger(samples) && samples >= 1 && samples * largest < 2 ** 24,
    "value",
    () =>
      `${operation}: samples must be a whole number from 1 with samples · max|v| below 2²⁴ (${solver.name}: max|v| = ${largest}), got ${samples}`,
    "Use fewer samples.",
  );
}
